import { build } from "esbuild";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { launchChromium } from "../../test/e2e/browser/chromium.js";

const here = import.meta.dirname;
const WIDTH = 640;

/** `npm run docs:pictures`: the component in light and dark, as the readme shows it, in `docs/images`. */
async function takePictures(): Promise<void> {
  const html = await page();
  const browser = await launchChromium();
  try {
    for (const colorScheme of ["light", "dark"] as const) {
      const picture = await take(browser, html, colorScheme);
      const file = join(here, `../images/settings-${colorScheme}.webp`);
      await writeFile(file, picture);
      console.log(`${file}: ${picture.byteLength} bytes`);
    }
  } finally {
    await browser.close();
  }
}

async function page(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(here, "picture.tsx")],
    bundle: true,
    format: "iife",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  const css = await readFile(join(here, "../../src/react/public/react.css"), "utf8");
  const script = outputFiles[0]?.text.replaceAll("</script", "<\\/script") ?? "";
  return `<!doctype html><html lang="en"><title>Calendars</title>
    <style>:root { color-scheme: light dark; font-family: system-ui, sans-serif }
    body { margin: 0; padding: 24px; background: light-dark(#f6f7f9, #14161b) }</style>
    <style>${css}</style><div id="root"></div><script>${script}</script></html>`;
}

async function take(browser: Browser, html: string, colorScheme: "light" | "dark"): Promise<Buffer> {
  const viewport = { width: WIDTH, height: 400 };
  const context = await browser.newContext({ colorScheme, viewport, deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.setContent(html);
  // The picker is loaded when it is shown.
  await page.getByLabel("New bookings go to").waitFor();
  const png = await page.screenshot({ fullPage: true, animations: "disabled" });
  // Chromium can encode WebP, which is a fraction of the size.
  const webp = await page.evaluate(
    async (source) => {
      const image = new Image();
      image.src = source;
      await image.decode();
      const canvas = new OffscreenCanvas(image.width, image.height);
      canvas.getContext("2d")?.drawImage(image, 0, 0);
      const blob = await canvas.convertToBlob({ type: "image/webp", quality: 0.7 });
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    },
    `data:image/png;base64,${png.toString("base64")}`,
  );
  await context.close();
  return Buffer.from(webp);
}

await takePictures();
