import axe from "axe-core";
import type { Page } from "playwright-core";

/** The accessibility problems that axe finds on the page now. */
export async function findProblems(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async () => {
    const { axe: run } = globalThis as unknown as { axe: typeof axe };
    // Forced colours are the browser's: axe compares the page's text with the browser's background.
    const areForced = matchMedia("(forced-colors: active)").matches;
    return run.run(document, {
      resultTypes: ["violations"],
      rules: { "color-contrast": { enabled: !areForced } },
    });
  });
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary ?? ""}`).join("; ")}`,
  );
}
