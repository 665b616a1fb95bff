// Answers of Prometheus as Grafana's data frames, with the panel's units and colours.

import {
  applyFieldOverrides, createTheme, type DataFrame, type Field, FieldColorModeId, FieldType,
  type FieldConfigPropertyItem, identityOverrideProcessor, standardFieldConfigEditorRegistry,
} from '@grafana/data';

export interface Series {
  name: string;
  points: Array<[number, number]>; // seconds, value
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description: string;
  gridPos: { x: number; y: number; w: number; h: number };
  fieldConfig: { defaults: Record<string, any>; overrides: [] };
  options: any;
}

export const theme = createTheme({ colors: { mode: 'dark' } });

// Grafana's application fills this registry; without it units and colours are silently ignored.
const properties = [
  'unit', 'min', 'max', 'decimals', 'displayName', 'color', 'thresholds', 'mappings', 'noValue',
];
standardFieldConfigEditorRegistry.setInit(() => properties.map((name) => ({
  id: name, path: name, name, editor: () => null, override: () => null,
  process: identityOverrideProcessor, shouldApply: () => true, settings: {},
}) as unknown as FieldConfigPropertyItem));

function frame({ name, points }: Series, custom: object): DataFrame {
  const time: Field = {
    name: 'Time', type: FieldType.time, config: {}, values: points.map(([seconds]) => seconds * 1000),
  };
  const value: Field = {
    name: 'Value', type: FieldType.number, config: { displayNameFromDS: name, custom },
    values: points.map(([, number]) => number),
  };
  return { fields: [time, value], length: points.length };
}

export function framesOf(panel: Panel, series: Series[]): DataFrame[] {
  const { custom, ...defaults } = panel.fieldConfig.defaults;
  return applyFieldOverrides({
    data: series.map((one) => frame(one, custom ?? {})),
    fieldConfig: {
      defaults: { color: { mode: FieldColorModeId.PaletteClassic }, ...defaults },
      overrides: panel.fieldConfig.overrides,
    },
    theme,
    replaceVariables: (text) => text,
    timeZone: 'utc',
  });
}
