import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// As much of WebDriver BiDi (https://w3c.github.io/webdriver-bidi/) as a walk through the settings page needs. Playwright's
// own driver sends commands that Debian's Firefox does not know.

/** What finds an element: its role, and its whole accessible name. */
interface Wanted {
  role: string;
  name?: string;
}

/** A tab, or a window that a page has opened. */
export interface Tab {
  goto(url: string): Promise<void>;
  /** Clicks an element with the mouse, as soon as it is there. */
  click(role: string, name: string): Promise<void>;
  /** Types into the element that has the focus. */
  type(text: string): Promise<void>;
  /** Waits until there is such an element. */
  find(role: string, name?: string): Promise<void>;
  evaluate(expression: string): Promise<unknown>;
  /** Waits until an expression is true. */
  until(expression: string): Promise<void>;
  screenshot(path: string): Promise<void>;
}

export interface Firefox {
  open(): Promise<Tab>;
  /** The newest window that a page has opened. Waits for it. */
  popup(): Promise<Tab>;
  /** Waits until only the first tab is left. */
  popupsClosed(): Promise<void>;
  /** Errors and warnings in the consoles of all tabs. */
  consoleErrors: string[];
  close(): Promise<void>;
}

const paths = ["/usr/bin/firefox-esr", "/usr/bin/firefox"];
const WAIT_MS = 30_000;

type Send = <Result>(method: string, params: object) => Promise<Result>;
interface Message {
  id?: number;
  result?: unknown;
  error?: string;
  message?: string;
  method?: string;
  params?: { level?: string; text?: string };
}

/** Starts the system's Firefox, or the one at `FIREFOX_PATH`, with a profile of its own. */
export async function launchFirefox(): Promise<Firefox> {
  const executablePath = process.env["FIREFOX_PATH"] ?? paths.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error(
      "Firefox was not found. On Debian: apt-get install -y --no-install-recommends firefox-esr",
    );
  const profile = await mkdtemp(join(tmpdir(), "calbridge-firefox-"));
  const args = ["--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"];
  const browser = spawn(executablePath, args, { stdio: ["ignore", "ignore", "pipe"] });
  const address = await new Promise<string>((resolve, reject) => {
    browser.once("exit", (code) => reject(new Error(`Firefox ended with ${String(code)}.`)));
    createInterface(browser.stderr).on("line", (line) => {
      const [, found] = /WebDriver BiDi listening on (ws:\S+)/.exec(line) ?? [];
      if (found !== undefined) resolve(found);
    });
  });
  const consoleErrors: string[] = [];
  const { send, socket } = await connect(`${address}/session`, consoleErrors);
  await send("session.new", { capabilities: {} });
  await send("session.subscribe", { events: ["log.entryAdded"] });
  const contexts = async (): Promise<string[]> => {
    const { contexts: all } = await send<{ contexts: { context: string }[] }>("browsingContext.getTree", {});
    return all.map(({ context }) => context);
  };
  const first = await contexts();
  return {
    consoleErrors,
    open: () => Promise.resolve(tabOf(send, first[0] ?? "")),
    popup: async () => {
      const [newest] = await waitFor("a popup", async () => {
        const others = (await contexts()).filter((one) => !first.includes(one));
        return others.length > 0 && others.slice(-1);
      });
      return tabOf(send, newest ?? "");
    },
    async popupsClosed() {
      await waitFor("the popups to close", async () => (await contexts()).length === first.length);
    },
    async close() {
      socket.close();
      const ended = once(browser, "exit");
      browser.kill();
      await ended;
      await rm(profile, { recursive: true, force: true });
    },
  };
}

async function connect(url: string, consoleErrors: string[]): Promise<{ send: Send; socket: WebSocket }> {
  const socket = new WebSocket(url);
  await once(socket, "open");
  const waiting = new Map<number, (message: Message) => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (["error", "warn"].includes(message.params?.level ?? ""))
      consoleErrors.push(message.params?.text ?? "");
  });
  let lastId = 0;
  const send: Send = async <Result>(method: string, params: object) => {
    const id = (lastId += 1);
    const response = new Promise<Message>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { error, message, result } = await response;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error}: ${message ?? ""}`);
    return result as Result;
  };
  return { send, socket };
}

function tabOf(send: Send, context: string): Tab {
  const evaluate = async (expression: string): Promise<unknown> => {
    const { result } = await send<{ result: { value?: unknown } }>("script.evaluate", {
      expression,
      target: { context },
      awaitPromise: true,
    });
    return result.value;
  };
  const locate = (value: Wanted): Promise<object> =>
    waitFor(`${value.role} ${value.name ?? ""}`, async () => {
      const { nodes } = await send<{ nodes: { sharedId: string }[] }>("browsingContext.locateNodes", {
        context,
        locator: { type: "accessibility", value },
      });
      return nodes[0] && { type: "element", element: { sharedId: nodes[0].sharedId } };
    });
  const perform = (type: "pointer" | "key", actions: object[]): Promise<unknown> =>
    send("input.performActions", { context, actions: [{ type, id: type, actions }] });
  return {
    evaluate,
    async goto(url) {
      await send("browsingContext.navigate", { context, url, wait: "complete" });
    },
    async find(role, name) {
      await locate({ role, ...(name !== undefined && { name }) });
    },
    async click(role, name) {
      const origin = await locate({ role, name });
      await perform("pointer", [
        { type: "pointerMove", x: 0, y: 0, origin },
        { type: "pointerDown", button: 0 },
        { type: "pointerUp", button: 0 },
      ]);
    },
    async type(text) {
      const keys = Array.from(text, (value) => [
        { type: "keyDown", value },
        { type: "keyUp", value },
      ]);
      await perform("key", keys.flat());
    },
    async until(expression) {
      await waitFor(expression, async () => (await evaluate(expression)) === true);
    },
    async screenshot(path) {
      const { data } = await send<{ data: string }>("browsingContext.captureScreenshot", {
        context,
        origin: "document",
      });
      await writeFile(path, Buffer.from(data, "base64"));
    },
  };
}

/** Tries until there is a result. Errors are those of a page that is being replaced. */
async function waitFor<Result>(
  what: string,
  attempt: () => Promise<Result | false | undefined>,
): Promise<Result> {
  const until = Date.now() + WAIT_MS;
  let cause: unknown;
  while (Date.now() < until) {
    try {
      const result = await attempt();
      if (result) return result;
    } catch (error) {
      cause = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`Waited in vain for ${what}.`, { cause });
}
