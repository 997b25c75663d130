import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const paths = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Starts the system's Chromium, or the one at `CHROMIUM_PATH`. It makes no requests in the background. */
export function launchChromium(): Promise<Browser> {
  const executablePath = process.env["CHROMIUM_PATH"] ?? paths.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error("Chromium was not found. On Debian: apt-get install -y --no-install-recommends chromium");
  }
  return chromium.launch({
    executablePath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
