// Draws dashboards in Chromium and says what is to be seen of each panel.
// Usage: node render.mjs BOARDS.json FOLDER. BOARDS.json is {name: Board}, as page.tsx has it;
// a screenshot of each goes into FOLDER. Prints {name: {errors, panels: {id: state}}} as JSON.

import fs from 'node:fs';
import path from 'node:path';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const ADDRESS = 'http://dashboard.test/';
const HTML = '<body style="margin:0"><div id="root"></div></body>';

async function bundle() {
  const result = await build({
    entryPoints: ['page.tsx'], outdir: '.', bundle: true, write: false, format: 'iife',
    define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
    loader: { '.ttf': 'empty' }, logLevel: 'error',
  });
  const text = (ending) => result.outputFiles.find(({ path: name }) => name.endsWith(ending)).text;
  return { script: text('.js'), style: text('.css') };
}

// Runs in the page.
function state(element) {
  const texts = (selector) => [...element.querySelectorAll(selector)].map((found) => found.textContent.trim());
  const inked = [...element.querySelectorAll('canvas')].map((canvas) => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    let pixels = 0;
    // Coloured ones: lines and what is below them. Axes and grid are grey.
    for (let i = 0; i < data.length; i += 4) {
      const [red, green, blue] = [data[i], data[i + 1], data[i + 2]];
      if (data[i + 3] && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) ++pixels;
    }
    return pixels;
  });
  return {
    text: element.textContent,
    title: texts('h2')[0] ?? texts('h3')[0] ?? element.textContent,
    names: texts('tbody td:nth-child(2)'),
    values: texts('tbody td:nth-child(n + 3)'),
    bounds: texts('svg text.bound'),
    cells: element.querySelectorAll('svg rect.cell').length,
    inked: inked.reduce((sum, pixels) => sum + pixels, 0),
  };
}

async function open(browser, { script, style }, errors) {
  const page = await browser.newPage({ viewport: { width: 24 * 76, height: 1000 }, timezoneId: 'UTC' });
  page.on('pageerror', (error) => errors.push(error.stack ?? String(error)));
  // An address of its own, because Grafana's code wants to store things; nothing leaves the browser.
  await page.route('**', (route) => (route.request().url() === ADDRESS
    ? route.fulfill({ contentType: 'text/html', body: HTML }) : route.fulfill({ status: 404 })));
  await page.goto(ADDRESS);
  await page.addStyleTag({ content: style });
  await page.addScriptTag({ content: script });
  return page;
}

async function draw(page, name, board, screenshot) {
  await page.evaluate(([title, data]) => window.show(title, data), [name, board]);
  const grid = await page.waitForSelector(`#grid[data-board="${name}"]`);
  // Every plot is drawn: uPlot paints in the frame after its canvas came.
  await page.evaluate(() => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); }));
  const panels = {};
  for (const element of await page.$$('[data-panel]')) {
    panels[await element.getAttribute('data-panel')] = await element.evaluate(state);
  }
  await grid.screenshot({ path: screenshot });
  return panels;
}

const [boardsFile, folder] = process.argv.slice(2);
const boards = JSON.parse(fs.readFileSync(boardsFile, 'utf8'));
const bundled = await bundle();
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
const errors = [];
const page = await open(browser, bundled, errors);
const seen = {};
for (const [name, board] of Object.entries(boards)) {
  const panels = await draw(page, name, board, path.join(folder, `${name}.png`));
  seen[name] = { panels, errors: errors.splice(0) };
}
await browser.close();
process.stdout.write(JSON.stringify(seen));
