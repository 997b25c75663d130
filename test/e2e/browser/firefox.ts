import { existsSync } from "node:fs";
import { launch, type Browser } from "puppeteer-core";

const paths = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];

/** Starts the system's Firefox, or the one at `FIREFOX_PATH`, over WebDriver BiDi. */
export function launchFirefox(): Promise<Browser> {
  const executablePath = process.env["FIREFOX_PATH"] ?? paths.find((path) => existsSync(path));
  if (executablePath === undefined) {
    throw new Error(
      "Firefox was not found. On Debian: apt-get install -y --no-install-recommends firefox-esr",
    );
  }
  // Playwright's own driver sends commands that Debian's Firefox does not know.
  return launch({ browser: "firefox", executablePath, headless: true });
}
