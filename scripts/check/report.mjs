// Opens a report in a headless Chrome and prints what is wrong with it: see scripts/check/report.
import chromium from '@sparticuz/chromium';
import puppeteer from 'puppeteer-core';
const [report] = process.argv.slice(2);
const browser = await puppeteer.launch({ args: chromium.args, executablePath: await chromium.executablePath(), headless: 'shell' });
const complaints = [];
for (const scheme of ['light', 'dark']) {
  for (const width of [360, 1200]) {
    const page = await browser.newPage();
    page.on('console', (m) => complaints.push(`${scheme} ${width}: console: ${m.text()}`));
    page.on('pageerror', (e) => complaints.push(`${scheme} ${width}: error: ${e}`));
    page.on('request', (r) => { if (r.url() !== `file://${report}`) complaints.push(`${scheme} ${width}: loads ${r.url()}`); });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
    await page.setViewport({ width, height: 900 });
    await page.goto(`file://${report}`);
    const seen = await page.evaluate(() => ({
      wide: document.documentElement.scrollWidth, inner: innerWidth,
      back: getComputedStyle(document.body).backgroundColor,
      articles: document.querySelectorAll('article').length,
    }));
    console.log(scheme, width, JSON.stringify(seen));
    if (seen.wide > seen.inner) complaints.push(`${scheme} ${width}: ${seen.wide} pixels wide`);
    await page.close();
  }
}
await browser.close();
complaints.forEach((c) => console.log(c));
process.exitCode = complaints.length ? 1 : 0;
