import { chromium, type Browser } from "playwright-core";
import { executableOf } from "./executable.js";

/** Starts the system's Chromium, or the one at `CHROMIUM_PATH`. It makes no requests in the background. */
export function launchChromium(): Promise<Browser> {
  const executablePath = executableOf("Chromium", {
    variable: "CHROMIUM_PATH",
    paths: ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"],
    debianPackage: "chromium",
  });
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
