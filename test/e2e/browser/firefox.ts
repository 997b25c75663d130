import { launch, type Browser } from "puppeteer-core";
import { executableOf } from "./executable.js";

/** Starts the system's Firefox, or the one at `FIREFOX_PATH`, over WebDriver BiDi. */
export function launchFirefox(): Promise<Browser> {
  const executablePath = executableOf("Firefox", {
    variable: "FIREFOX_PATH",
    paths: ["/usr/bin/firefox-esr", "/usr/bin/firefox"],
    debianPackage: "firefox-esr",
  });
  // Playwright's own driver sends commands that Debian's Firefox does not know.
  return launch({ browser: "firefox", executablePath, headless: true });
}
