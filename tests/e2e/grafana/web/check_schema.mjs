// Holds dashboards against Grafana's types. Usage: node check_schema.mjs FILE...
// Prints {FILE: [mistake, ...]} as JSON.

import fs from 'node:fs';
import Ajv from 'ajv';
import { createGenerator } from 'ts-json-schema-generator';

const TYPES = {
  heatmap: 'PanelHeatmap', row: 'PanelRow', stat: 'PanelStat', timeseries: 'PanelTimeseries',
};

const generator = createGenerator({
  path: 'schema.ts', tsconfig: 'tsconfig.json', skipTypeCheck: true, additionalProperties: false,
});

// A schema of its own for each: the options of every panel type are called "Options".
const checks = Object.fromEntries(['Frame', ...Object.values(TYPES)].map((type) =>
  [type, new Ajv({ allErrors: true, strict: false }).compile(generator.createSchema(type))]));

function mistakes(value, type, where) {
  const check = checks[type];
  if (check(value)) return [];
  return check.errors.map((error) =>
    `${where}${error.instancePath}: ${error.message} ${JSON.stringify(error.params)}`);
}

function check(file) {
  const dashboard = JSON.parse(fs.readFileSync(file, 'utf8'));
  const found = mistakes(dashboard, 'Frame', 'dashboard');
  for (const panel of dashboard.panels) {
    const where = `panel "${panel.title}"`;
    if (panel.type in TYPES) found.push(...mistakes(panel, TYPES[panel.type], where));
    else found.push(`${where}: nothing is known of type ${panel.type}`);
  }
  return found;
}

const files = process.argv.slice(2);
process.stdout.write(JSON.stringify(Object.fromEntries(files.map((file) => [file, check(file)]))));
