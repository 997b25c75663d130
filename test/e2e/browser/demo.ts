import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContextOptions } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, expect } from "vitest";
import { startDemo, type Demo } from "../../../examples/demo/start.js";
import { launchChromium } from "./chromium.js";
import { expectNoSecrets, keepSent, watchSecrets, type Sent } from "./secrets.js";
import { meetVisitor, type Visitor } from "./visitor.js";

/** Where pictures go: a folder that git leaves out. */
export const pictures = join(import.meta.dirname, "../../../coverage/screenshots");

/** What a browser test works with. */
export interface DemoTest {
  readonly demo: Demo;
  readonly ada: Visitor;
  /** All that the application has sent to browsers. */
  readonly sent: readonly Sent[];
  /** Somebody else's browser, watched like Ada's. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
  /** Ada's managed user at Cal.com. */
  adasId(): number;
}

/**
 * A new demo and a new browser context for each test of a file. After each test: nobody's console has an
 * error in it, and no secret is anywhere in anybody's browser.
 */
export function useDemo(): DemoTest {
  let browser: Browser;
  let demo: Demo;
  let visitors: Visitor[];
  let sent: Sent[];
  let secrets: ReturnType<typeof watchSecrets>;
  let watch: ReturnType<typeof setInterval>;

  const visitor = async (options: BrowserContextOptions = {}): Promise<Visitor> => {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const met = await meetVisitor(demo, context);
    visitors.push(met);
    return met;
  };

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    sent = [];
    demo = await startDemo({}, { watch: keepSent(sent) });
    secrets = watchSecrets(demo);
    watch = setInterval(() => secrets.note(), 50);
    visitors = [];
    await visitor();
  });
  afterEach(async ({ task }) => {
    clearInterval(watch);
    try {
      if (task.result?.state === "fail") await keepEvidence(task.name, demo, visitors);
      for (const one of visitors) {
        expect(one.complaints, "what the console complained of").toEqual([]);
        const known = { secrets: secrets.all(), sent, origin: demo.origin };
        if (one.page.url() !== "about:blank") await expectNoSecrets(one, known);
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
    adasId: () => {
      const user = demo.services.emulator?.users.list().find(({ email }) => email.startsWith("ada"));
      if (!user) throw new Error("Ada has no managed user yet.");
      return user.id;
    },
  };
}

/** What is left of a test that failed: what its visitors saw, and what happened underneath. */
async function keepEvidence(name: string, { services }: Demo, visitors: Visitor[]): Promise<void> {
  await mkdir(pictures, { recursive: true });
  const path = join(pictures, `failed-${name.replaceAll(/\W+/g, "-")}-${Date.now()}`);
  await writeFile(`${path}.json`, JSON.stringify(services.feed.entries(), null, 1));
  for (const [index, { page }] of visitors.entries()) {
    if (page.url() !== "about:blank") await page.screenshot({ path: `${path}-${index}.png`, fullPage: true });
  }
}
