// Takes a picture of the top of a report in a headless Chrome: report.mjs REPORT PICTURE. See scripts/pictures/render.
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';
const [report, picture] = process.argv.slice(2);
const browser = await puppeteer.launch({ args: chromium.args, executablePath: await chromium.executablePath(), headless: 'shell' });
const page = await browser.newPage();
await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'light' }]);
await page.setViewport({ width: 900, height: 520 });
await page.goto(`file://${report}`);
await page.screenshot({ path: picture });
await browser.close();
