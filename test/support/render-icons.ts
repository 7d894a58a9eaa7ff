import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { findChromium } from '../../src/cli/chromium/find';

/** `npx tsx test/support/render-icons.ts`: makes the PNG icons from their SVG sources. Run it after changing one. */
const SIZES = [
  { size: 16, source: 'icon-16.svg' },
  { size: 32, source: 'icon.svg' },
  { size: 48, source: 'icon.svg' },
  { size: 128, source: 'icon.svg' },
];
const folder = new URL('../../public/icons/', import.meta.url);

async function render(): Promise<void> {
  const executablePath = findChromium();
  if (!executablePath) throw new Error('No Chromium, Chrome or Edge was found');
  const browser = await chromium.launch({
    executablePath,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  });
  try {
    const page = await browser.newPage();
    for (const { size, source } of SIZES) {
      const svg = readFileSync(new URL(source, folder)).toString('base64');
      await page.setViewportSize({ width: size, height: size });
      await page.setContent(
        `<style>body{margin:0}img{display:block}</style><img width="${size}" height="${size}" src="data:image/svg+xml;base64,${svg}">`,
      );
      await page.locator('img').evaluate((image) => (image as HTMLImageElement).decode());
      writeFileSync(
        fileURLToPath(new URL(`${size}.png`, folder)),
        await page.screenshot({ omitBackground: true }),
      );
    }
  } finally {
    await browser.close();
  }
}

void render();
