// Does in OHIF what a reader does: opens, clicks, scrolls, looks. One JSON request a line on stdin,
// one JSON answer a line on stdout; tests/viewer/reader.py is its other end and judges what is seen.
import { createInterface } from 'node:readline';
import { createRequire } from 'node:module';
import path from 'node:path';

const [base, packages, executablePath, profile] = process.argv.slice(2);
const { chromium } = createRequire(path.join(packages, 'node_modules/'))('playwright-core');

const context = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  viewport: { width: 1600, height: 1000 },
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-sync',
    '--disable-background-networking', '--disable-component-update',
    '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'], // WebGL 2 in software
});
// OHIF's introduction tour would lie over the first study that is opened.
await context.addInitScript(() => localStorage.setItem('shownTours', '["basicViewerTour"]'));
const page = context.pages()[0];
const troubles = [];
page.on('pageerror', e => troubles.push('page: ' + e.message));
page.on('console', m => m.type() === 'error' && troubles.push('console: ' + m.text()));
page.on('response', r => r.status() >= 400 && troubles.push(`HTTP ${r.status()} ${r.url()}`));

const part = name => page.locator(`[data-cy="${name}"]`);
const pane = () => part('viewport-pane').first();
const thumbnails = '[data-cy^="study-browser-thumbnail"]';
const pause = ms => page.waitForTimeout(ms);

// The viewport's own idea of its images: where they lie, and which one is shown.
const stack = () => page.evaluate(() => {
  const { viewportGridService, cornerstoneViewportService } = window.services;
  const viewport = cornerstoneViewportService.getCornerstoneViewport(viewportGridService.getActiveViewportId());
  return {
    shown: viewport.getCurrentImageIdIndex(),
    planes: viewport.getImageIds().map(id => window.cornerstone.metaData.get('imagePlaneModule', id))
      .map(p => ({ position: Array.from(p.imagePositionPatient), row: Array.from(p.rowCosines), column: Array.from(p.columnCosines) })),
  };
});

function nearest(planes, point) {
  const { row, column } = planes[0];
  const normal = [row[1] * column[2] - row[2] * column[1], row[2] * column[0] - row[0] * column[2],
    row[0] * column[1] - row[1] * column[0]];
  const off = planes.map(p => Math.abs(normal.reduce((s, n, i) => s + n * (point[i] - p.position[i]), 0)));
  return off.indexOf(Math.min(...off));
}

async function turn(notches) {
  const box = await pane().boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height * 0.8);
  for (let i = 0; i < Math.abs(notches); i++) {
    await page.mouse.wheel(0, Math.sign(notches) * 100);
    await pause(15);
  }
  await pause(500);
}

// Mean colour of 5 x 5 pixels of the screen, decoded by the browser itself.
async function colour(x, y) {
  const png = await page.screenshot({ clip: { x: Math.round(x) - 2, y: Math.round(y) - 2, width: 5, height: 5 } });
  return page.evaluate(async b64 => {
    const image = await createImageBitmap(new Blob([Uint8Array.from(atob(b64), c => c.charCodeAt(0))]));
    const pad = new OffscreenCanvas(5, 5).getContext('2d');
    pad.drawImage(image, 0, 0);
    const sum = [0, 0, 0];
    pad.getImageData(0, 0, 5, 5).data.forEach((v, i) => { if (i % 4 < 3) sum[i % 4] += v / 25; });
    return sum;
  }, png.toString('base64'));
}

const requests = {
  async study({ uid, series, afresh }) {
    if (!afresh && page.url().endsWith(uid)) return;
    await page.goto(`${base}/viewer?StudyInstanceUIDs=${uid}`);
    await page.waitForFunction(n => window.services?.displaySetService?.activeDisplaySets?.length >= n
      && document.querySelector('[data-cy="viewport-pane"] canvas'), series, { timeout: 90000 });
    await page.locator(thumbnails).first().waitFor({ timeout: 30000 });
    await pause(2500); // first image on screen; before that a double click may be lost
  },
  series: () => page.$$eval(thumbnails, all => all.map(e => e.innerText.replace(/\s+/g, ' '))),
  async open({ description }) {
    await page.locator(thumbnails, { hasText: description }).last().dblclick({ timeout: 15000 });
    await pause(2000);
  },
  // The bar "Do you want to open this Segmentation?" or "... continue tracking measurements?"
  offered: () => part('yes-hydrate-btn').waitFor({ timeout: 20000 }).then(() => true, () => false),
  async accept() {
    await part('yes-hydrate-btn').click();
    await part('yes-hydrate-btn').waitFor({ state: 'detached', timeout: 30000 });
    await pause(2500);
  },
  async panel({ name }) {
    await part(name).click({ timeout: 90000 }); // many segments keep the page busy on a slow machine
    await pause(1500);
  },
  rows: () => page.$$eval('[data-cy="data-row"]', all => all.map(e => (e.parentElement || e).innerText.replace(/\s+/g, ' '))),
  async row({ index }) {
    await part('data-row').nth(index).click();
    await pause(2000);
  },
  text: async () => (await pane().innerText()).replace(/\s+/g, ' '),
  page: async () => (await page.locator('body').innerText()).replace(/\s+/g, ' '),
  drawn: () => page.$$eval('svg.svg-layer', all => all.map(e => e.textContent).join(' ')),
  turn: ({ notches }) => turn(notches),
  // Shows the slice nearest to a point (mm, LPS); says how far the slice shown is from the one wanted.
  async scroll({ point }) {
    const wanted = nearest((await stack()).planes, point);
    await page.evaluate(index => {
      const { viewportGridService, cornerstoneViewportService } = window.services;
      return cornerstoneViewportService.getCornerstoneViewport(viewportGridService.getActiveViewportId()).setImageIdIndex(index);
    }, wanted);
    await pause(500);
    await turn(1); // as a reader comes to a slice: what is drawn over it follows the wheel
    await turn(-1);
    const { shown, planes } = await stack();
    return nearest(planes, point) - shown;
  },
  async colour({ point }) {
    const [x, y] = await page.evaluate(world => {
      const { viewportGridService, cornerstoneViewportService } = window.services;
      const viewport = cornerstoneViewportService.getCornerstoneViewport(viewportGridService.getActiveViewportId());
      const [x, y] = viewport.worldToCanvas(world);
      const box = viewport.element.getBoundingClientRect();
      return [box.left + x, box.top + y];
    }, point);
    return colour(x, y);
  },
  // Colour at a part of the width and height of the viewport.
  async spot({ across, down }) {
    const box = await pane().boundingBox();
    return colour(box.x + box.width * across, box.y + box.height * down);
  },
  box: () => pane().boundingBox(),
  // Voxels of each segment that OHIF holds: their number and the range of their slices (mm).
  segments: () => page.evaluate(() => window.services.segmentationService.getSegmentations().map(s => {
    const found = {};
    for (const id of s.representationData?.Labelmap?.imageIds || []) {
      const image = window.cornerstone.cache.getImage(id);
      const data = image?.voxelManager?.getScalarData?.();
      if (!data) continue;
      const z = window.cornerstone.metaData.get('imagePlaneModule', image.referencedImageId || id).imagePositionPatient[2];
      for (const v of data) {
        if (!v) continue;
        const f = (found[v] ||= { voxels: 0, low: z, high: z });
        f.voxels++;
        f.low = Math.min(f.low, z);
        f.high = Math.max(f.high, z);
      }
    }
    return { label: s.label, names: Object.fromEntries(Object.values(s.segments).map(x => [x.segmentIndex, x.label])), found };
  })),
  suv_factor: () => page.evaluate(() => {
    const pet = window.services.displaySetService.activeDisplaySets.find(d => d.Modality === 'PT' && d.images?.length);
    return window.cornerstone.metaData.get('scalingModule', pet.images[0].imageId)?.suvbw ?? null;
  }),
  shot: ({ file }) => page.screenshot({ path: file }).then(() => null),
  troubles: () => troubles.splice(0),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { request, number, ...values } = JSON.parse(line);
  let answer;
  try {
    answer = { number, value: (await requests[request](values)) ?? null };
  } catch (e) {
    answer = { number, error: String(e.message).slice(0, 800) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
await context.close();
