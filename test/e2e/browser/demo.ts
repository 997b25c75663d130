import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { startDemo, type Demo } from "../../../examples/demo/start.js";
import { launchChromium } from "./chromium.js";
import { collectSecrets, expectNoSecrets, recordResponses, type SentResponse } from "./secrets.js";
import { openVisitor, type Visitor } from "./visitor.js";

/** The folder of the screenshots. Git ignores it. */
export const pictures = join(import.meta.dirname, "../../../coverage/screenshots");

/** The context of a browser test. */
export interface DemoTest {
  readonly demo: Demo;
  readonly ada: Visitor;
  /** All responses that the application has sent to browsers. */
  readonly sent: readonly SentResponse[];
  /** Opens another user's browser. It is checked like Ada's. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
  /** The id of Ada's managed user at Cal.com. */
  calUserIdOfAda(): number;
}

/**
 * Starts a new demo and a new browser context for each test of a file. After each test it checks that no console has an
 * error and that no browser contains a secret.
 */
export function useDemo(): DemoTest {
  let browser: Browser;
  let demo: Demo;
  let visitors: Visitor[];
  let sent: SentResponse[];
  let secrets: ReturnType<typeof collectSecrets>;
  let collecting: ReturnType<typeof setInterval>;

  const visitor = async (options: BrowserContextOptions = {}): Promise<Visitor> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const opened = await openVisitor(demo, context);
    visitors.push(opened);
    return opened;
  };

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    sent = [];
    demo = await startDemo({}, { watch: recordResponses(sent) });
    secrets = collectSecrets(demo);
    collecting = setInterval(() => secrets.collect(), 50);
    visitors = [];
    await visitor();
  });
  afterEach(async ({ task }) => {
    clearInterval(collecting);
    try {
      if (task.result?.state === "fail") await saveEvidence(task.name, demo, visitors);
      for (const visitor of visitors) {
        expect(visitor.consoleErrors, "errors in the console").toEqual([]);
        const known = { secrets: secrets.all(), sent, origin: demo.origin };
        if (visitor.page.url() !== "about:blank") await expectNoSecrets(visitor, known);
      }
    } finally {
      await Promise.all(visitors.map(({ context }) => context.close()));
      await demo.stop();
    }
  });
  afterAll(() => browser.close());

  return {
    get demo() {
      return demo;
    },
    get ada() {
      return visitors[0]!;
    },
    get sent() {
      return sent;
    },
    visitor,
    calUserIdOfAda: () => calUserIdOfAda(demo),
  };
}

/** The id of Ada's managed user at Cal.com. */
export function calUserIdOfAda({ services }: Demo): number {
  const user = services.emulator?.users.list().find(({ email }) => email.startsWith("ada"));
  if (!user) throw new Error("Ada has no managed user yet.");
  return user.id;
}

/** Saves screenshots of a failed test, and the events of its server as JSON. */
async function saveEvidence(name: string, { services }: Demo, visitors: Visitor[]): Promise<void> {
  await mkdir(pictures, { recursive: true });
  const path = join(pictures, `failed-${name.replaceAll(/\W+/g, "-")}-${Date.now()}`);
  await writeFile(`${path}.json`, JSON.stringify(services.feed.entries(), null, 1));
  for (const [index, { page }] of visitors.entries()) {
    if (page.url() !== "about:blank") await page.screenshot({ path: `${path}-${index}.png`, fullPage: true });
  }
}
