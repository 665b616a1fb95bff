// A heatmap. Grafana's own is in no npm package: the cells are drawn here, with Grafana's units and
// the colours that the panel asks for.

import * as colours from 'd3-scale-chromatic';
import { formattedValueToString, getValueFormat } from '@grafana/data';
import { type Panel, type Series, theme } from './frames';

interface Bucket {
  upper: string;
  points: Map<number, number>;
}

/** `le` counts all that is below: from each bucket what is in the one before it is taken away. */
function bucketsOf(series: Series[]): Bucket[] {
  const ascending = [...series].sort((a, b) => Number(a.name.replace('+Inf', 'Infinity'))
    - Number(b.name.replace('+Inf', 'Infinity')));
  let below = new Map<number, number>();
  return ascending.map(({ name, points }) => {
    const cumulative = new Map(points);
    const own = new Map(points.map(([at, count]) => [at, Math.max(0, count - (below.get(at) ?? 0))]));
    below = cumulative;
    return { upper: name, points: own };
  });
}

function labelOf(upper: string, unit: string) {
  return upper === '+Inf' ? upper : formattedValueToString(getValueFormat(unit)(Number(upper)));
}

interface Props { panel: Panel; series: Series[]; width: number; height: number }

export function Heatmap({ panel, series, width, height }: Props) {
  const { color, yAxis, filterValues } = panel.options;
  const buckets = bucketsOf(series);
  const times = [...new Set(series.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  const left = 70;
  const top = 8;
  const bottom = 16;
  const cellWidth = (width - left) / times.length;
  const cellHeight = (height - top - bottom) / buckets.length;
  const most = Math.max(...buckets.flatMap(({ points }) => [...points.values()]));
  const scheme = (colours as any)[`interpolate${color.scheme}`];
  const shade = (count: number) => scheme(1 - Math.pow(count / most, color.exponent));
  const everySo = Math.ceil(14 / cellHeight);
  const text = { fill: theme.colors.text.secondary, fontSize: 11 };

  return (
    <svg width={width} height={height} data-heatmap="">
      {buckets.map(({ upper, points }, row) => {
        const y = height - bottom - (row + 1) * cellHeight;
        return (
          <g key={upper}>
            {row % everySo === 0 &&
              <text className="bound" x={left - 6} y={y + 4} textAnchor="end" {...text}>{labelOf(upper, yAxis.unit)}</text>}
            {times.map((at, column) => (points.get(at) ?? 0) > filterValues.le &&
              <rect key={at} className="cell" x={left + column * cellWidth} y={y} width={Math.max(1, cellWidth - 1)}
                height={Math.max(1, cellHeight - 1)} fill={shade(points.get(at)!)} />)}
          </g>
        );
      })}
      {[0, 0.5].map((part) => (
        <text key={part} x={left + part * (width - left)} y={height - 3} {...text}>
          {new Date(times[Math.floor(part * times.length)] * 1000).toISOString().slice(11, 19)}
        </text>))}
    </svg>
  );
}
