import fc from "fast-check";
import { test } from "vitest";
import { createApp, createBrowser, type App, type Browser } from "../support/handlers-app.js";

// People who start attempts, and others who follow their links. fast-check prints the seed and the shortest story.

// More before a release: CALBRIDGE_STORIES=1000.
const STORIES = Number(process.env["CALBRIDGE_STORIES"] ?? 200);
const people = ["ada", "bob", "mallory"] as const;
type Person = (typeof people)[number];

const person = fc.constantFrom(...people);
const server = fc.nat({ max: 1 });
const link = fc.nat({ max: 7 });
const step = fc.oneof(
  fc.record({ do: fc.constant("start" as const), person, server }),
  /** A person opens a link, allows access to the own account, and is sent to the callback. */
  fc.record({
    do: fc.constant("follow" as const),
    link,
    person,
    server,
    isSignedIn: fc.boolean(),
    fails: fc.constantFrom(null, 429, 500),
  }),
  fc.record({ do: fc.constant("deny" as const), link, person, server }),
  /** A callback URL is opened once more: by the same browser, another one, or one without cookies. */
  fc.record({ do: fc.constant("reload" as const), link, person: fc.option(person), server }),
  fc.record({ do: fc.constant("look" as const), person, server }),
  fc.record({ do: fc.constant("disconnect" as const), person, server }),
  fc.record({ do: fc.constant("restart" as const), server }),
  fc.record({ do: fc.constant("wait" as const), minutes: fc.constantFrom(2, 9, 11, 45, 80) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

class World {
  readonly #app: App = createApp({
    emulator: { accounts: { google: people.map((name) => `${name}@gmail.example`) } },
  });
  readonly #handlers = [this.#app.handlers, this.#app.sibling()];
  readonly #browsers = new Map<Person, (server: number) => Browser>();
  readonly #links: { url: string; by: Person }[] = [];
  readonly #callbacks: string[] = [];
  /** Whose own calendar is connected, as the person was told. */
  readonly #connected = new Set<Person>();

  constructor() {
    for (const name of people) {
      // One browser with one set of cookies, which reaches both servers.
      let server = 0;
      const browser = createBrowser((request) => this.#handlers[server]!.handle(request)).signIn(name);
      this.#browsers.set(name, (chosen) => {
        server = chosen;
        return browser;
      });
    }
  }

  async play(step: Step): Promise<void> {
    // What came less than a minute ago can't be told from what a rejected callback has brought.
    this.#wait(61_000);
    await this.#do(step);
    for (const name of people) await this.#check(name, step);
  }

  async #do(step: Step): Promise<void> {
    switch (step.do) {
      case "start": {
        const url = await this.#browser(step.person, step.server)
          .start("google")
          .catch(() => null);
        if (url) this.#links.push({ url, by: step.person });
        return;
      }
      case "follow":
        await this.#follow(step);
        return;
      case "deny": {
        const chosen = this.#link(step.link);
        const back = chosen && (await this.#consent(chosen.url, { deny: true }));
        if (back) await this.#browser(step.person, step.server).visit(back);
        return;
      }
      case "reload": {
        const url = this.#callbacks[step.link % Math.max(1, this.#callbacks.length)];
        if (url === undefined) return;
        const browser = step.person
          ? this.#browser(step.person, step.server)
          : createBrowser((request) => this.#handlers[step.server]!.handle(request));
        await browser.visit(url);
        return;
      }
      case "look":
        await this.#browser(step.person, step.server).fetch("/calendars/status");
        return;
      case "disconnect": {
        const answer = await this.#browser(step.person, step.server).post("/calendars/disconnect", {
          calendarType: "google",
        });
        if (answer.ok) this.#connected.delete(step.person);
        return;
      }
      case "restart":
        this.#handlers[step.server] = this.#app.sibling();
        return;
      case "wait":
        this.#wait(step.minutes * 60_000);
        return;
    }
  }

  /** Other users refresh meanwhile, which ends expired tokens, and the links that contain them. */
  #wait(ms: number): void {
    this.#app.emulator.clock.advance(ms);
    this.#app.emulator.users.deleteExpiredTokens();
  }

  async #follow({ link, person, server, isSignedIn, fails }: Extract<Step, { do: "follow" }>): Promise<void> {
    const chosen = this.#link(link);
    const back = chosen && (await this.#consent(chosen.url, { account: person }));
    if (!back) return;
    this.#callbacks.push(back);
    if (fails) this.#app.emulator.inject({ path: "/calendars", effect: { status: fails } });
    const browser = isSignedIn
      ? this.#browser(person, server)
      : createBrowser((request) => this.#handlers[server]!.handle(request));
    const response = await browser.visit(back);
    // Without a location: the link's token had expired, and Cal.com sent the browser to a page of its own.
    const location = response.headers.get("location");
    if (location === null || new URL(location).searchParams.get("connected") !== "true") return;
    if (chosen.by !== person || !isSignedIn)
      throw new Error(`${person} was connected by a link of ${chosen.by}.`);
    this.#connected.add(person);
  }

  /** Where the provider's consent ends; `null` if Cal.com does not know the link's token any more. */
  async #consent(url: string, choice: { account: string } | { deny: true }): Promise<string | null> {
    try {
      return (await this.#app.emulator.provider.authorize(url, choice)).redirectTo;
    } catch {
      return null;
    }
  }

  /** A person sees own calendars only, and all of those that were connected. */
  async #check(name: Person, step: Step): Promise<void> {
    const response = await this.#browser(name, 0).fetch("/calendars/status");
    // A roll-back that is pending withholds the response.
    if (!response.ok) return;
    const text = await response.text();
    const foreign = people.filter((other) => other !== name && text.includes(`${other}@gmail.example`));
    if (foreign.length > 0)
      throw new Error(`${name} sees calendars of ${foreign.join()}: ${JSON.stringify(step)}`);
    if (this.#connected.has(name) && !text.includes(`${name}@gmail.example`)) {
      throw new Error(`${name} has lost a calendar: ${JSON.stringify(step)}`);
    }
  }

  #link(index: number): { url: string; by: Person } | undefined {
    return this.#links[index % Math.max(1, this.#links.length)];
  }

  #browser(name: Person, server: number): Browser {
    return this.#browsers.get(name)!(server);
  }
}

test(
  `${String(STORIES)} arbitrary stories: no link, callback or reload shows or ends another person's calendar`,
  { timeout: 300_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 12 }), async (story) => {
        const world = new World();
        await world.play({ do: "start", person: "mallory", server: 0 });
        await world.play({ do: "start", person: "ada", server: 1 });
        for (const one of story) await world.play(one);
      }),
      { numRuns: STORIES },
    );
  },
);
