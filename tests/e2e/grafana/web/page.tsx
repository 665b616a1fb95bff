// A dashboard without Grafana's server: its panels on its grid, drawn with Grafana's own components.

import { createRoot } from 'react-dom/client';
import {
  dateTime, type DataFrame, FieldType, getDisplayProcessor, reduceField, ThemeContext,
} from '@grafana/data';
import { BigValue, GlobalStyles, PanelChrome, TimeSeries } from '@grafana/ui';
import { framesOf, type Panel, type Series, theme } from './frames';
import { Heatmap } from './heatmap';

interface Board {
  dashboard: { title: string; panels: Panel[] };
  from: number; // seconds
  to: number;
  series: Record<string, Series[]>; // by id of the panel
}

const COLUMN = 76;
const ROW = 34;
const GAP = 6;

interface Drawn { panel: Panel; frames: DataFrame[]; width: number; height: number }

function Stat({ panel, frames, width, height }: Drawn) {
  const field = frames[0].fields[1];
  const [calc] = panel.options.reduceOptions.calcs;
  const display = getDisplayProcessor({ field, theme });
  const value = display(reduceField({ field, reducers: [calc] })[calc]);
  const { colorMode, graphMode, justifyMode } = panel.options;
  return <BigValue {...{ colorMode, graphMode, justifyMode, value, width, height, theme }} />;
}

function Lines({ board, panel, frames, width, height }: Drawn & { board: Board }) {
  const [from, to] = [board.from, board.to].map((seconds) => dateTime(seconds * 1000));
  return <TimeSeries frames={frames} width={width} height={height} timeZone="utc" legend={panel.options.legend}
    timeRange={{ from, to, raw: { from, to } }} />;
}

function Content({ board, panel, width, height }: { board: Board; panel: Panel; width: number; height: number }) {
  const series = board.series[panel.id];
  if (!series.length) return <div>No data</div>;
  if (panel.type === 'heatmap') return <Heatmap {...{ panel, series, width, height }} />;
  const frames = framesOf(panel, series);
  if (panel.type === 'stat') return <Stat {...{ panel, frames, width, height }} />;
  return <Lines {...{ board, panel, frames, width, height }} />;
}

function Placed({ board, panel }: { board: Board; panel: Panel }) {
  const { x, y, w, h } = panel.gridPos;
  const [width, height] = [w * COLUMN - GAP, h * ROW - GAP];
  const place = { position: 'absolute', left: x * COLUMN, top: y * ROW, width, height } as const;
  if (panel.type === 'row') {
    return <h3 style={{ ...place, margin: 0, color: theme.colors.text.primary }} data-panel={panel.id}>{panel.title}</h3>;
  }
  return (
    <div style={place} data-panel={panel.id}>
      <PanelChrome title={panel.title} width={width} height={height}>
        {(innerWidth, innerHeight) => <Content {...{ board, panel }} width={innerWidth} height={innerHeight} />}
      </PanelChrome>
    </div>
  );
}

function Page({ name, board }: { name: string; board: Board }) {
  const { panels } = board.dashboard;
  const height = Math.max(...panels.map(({ gridPos: { y, h } }) => (y + h) * ROW));
  return (
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <div id="grid" data-board={name} style={{ position: 'relative', width: 24 * COLUMN, height, background: theme.colors.background.canvas }}>
        {panels.map((panel) => <Placed key={panel.id} board={board} panel={panel} />)}
      </div>
    </ThemeContext.Provider>
  );
}

const root = createRoot(document.getElementById('root')!);

Object.assign(window, {
  show(name: string, board: Board) {
    root.render(<Page key={name} name={name} board={board} />);
  },
});
