// What a dashboard may hold: Grafana's own types, put together so that a panel is checked by its
// type. check_schema.mjs turns them into JSON schemas.

import type {
  Dashboard, FieldConfig, FieldConfigSource, Panel, RowPanel,
} from '@grafana/grafana-foundation-sdk/dashboard';
import type * as heatmap from '@grafana/grafana-foundation-sdk/heatmap';
import type { Dataquery } from '@grafana/grafana-foundation-sdk/prometheus';
import type * as stat from '@grafana/grafana-foundation-sdk/stat';
import type * as timeseries from '@grafana/grafana-foundation-sdk/timeseries';

type Query = Omit<Dataquery, '_implementsDataqueryVariant'>;

type PanelOf<Type extends string, Options, Custom> =
  Omit<Panel, 'type' | 'targets' | 'options' | 'fieldConfig'> & {
    type: Type;
    targets: Query[];
    options: Options;
    fieldConfig: Omit<FieldConfigSource, 'defaults'> & {
      defaults: Omit<FieldConfig, 'custom'> & { custom?: Custom };
    };
  };

export type Frame = Omit<Dashboard, 'panels'> & { panels: unknown[] };
export type PanelRow = RowPanel;
export type PanelHeatmap = PanelOf<'heatmap', heatmap.Options, heatmap.FieldConfig>;
export type PanelStat = PanelOf<'stat', stat.Options, never>;
export type PanelTimeseries = PanelOf<'timeseries', timeseries.Options, timeseries.FieldConfig>;
