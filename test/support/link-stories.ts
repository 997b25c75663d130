import fc from "fast-check";
import { CalClient, isCalError, memoryTokenStore, type TokenRecord } from "../../src/index.js";
import { createCalHandlers, type CalHandlers } from "../../src/handlers/index.js";
import { createCalEmulator } from "../../src/testing/index.js";
import { edit, editTable, protections } from "./edited-table.js";
import { createBrowser, ORIGIN, SECRET, type Browser } from "./handlers-app.js";

// People who start attempts, and others who follow their links, while addresses get new owners, rows are edited and servers
// are restarted. Ada, Bob and Mallory have managed users; Olga has linked her own Cal.com account.

const people = ["ada", "bob", "mallory", "olga"] as const;
type Person = (typeof people)[number];
const managed = ["ada", "bob", "mallory"] as const;

const person = fc.constantFrom(...people);
const server = fc.nat({ max: 1 });
const link = fc.nat({ max: 7 });
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("start" as const), person, server }) },
  {
    weight: 4,
    /** A person opens a link, allows access to the own account, and is sent to the callback. */
    arbitrary: fc.record({
      do: fc.constant("follow" as const),
      link,
      person,
      server,
      isSignedIn: fc.boolean(),
      fails: fc.constantFrom(null, null, 429, 500),
    }),
  },
  fc.record({ do: fc.constant("deny" as const), link, person, server }),
  /** A callback URL is opened once more: by the same browser, another one, or one without cookies. */
  fc.record({ do: fc.constant("reload" as const), link, person: fc.option(person), server }),
  fc.record({ do: fc.constant("look" as const), person, server }),
  fc.record({ do: fc.constant("disconnect" as const), person, server }),
  /** An address belongs to another person from now on; the one who had it gets a new one. */
  fc.record({ do: fc.constant("recycle" as const), from: person, person }),
  /** The application's database deletes the row with its user. */
  fc.record({ do: fc.constant("cascade" as const), person }),
  fc.record({ do: fc.constant("leave" as const), person, server }),
  /** The same person with a new id. */
  fc.record({ do: fc.constant("reassign" as const), person: fc.constantFrom(...managed), server }),
  { weight: 2, arbitrary: edit },
  fc.record({ do: fc.constant("cron" as const), server }),
  fc.record({ do: fc.constant("restart" as const), server }),
  fc.record({ do: fc.constant("wait" as const), minutes: fc.constantFrom(2, 9, 11, 45, 80) }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** A protection of the table, and what happens. */
export const stories = fc.record({
  protection: fc.constantFrom(...Object.keys(protections)),
  steps: fc.array(step, { minLength: 4, maxLength: 12 }),
});

const CALLBACK = `${ORIGIN}/api/cal/oauth/callback`;
const scopes = ["APPS_READ", "APPS_WRITE", "PROFILE_READ"];
const accountOf = (name: Person): string => `${name}@gmail.example`;

/** Plays a story, and looks after each step that no person sees or has lost what is another's. */
export async function playStory({
  protection,
  steps,
}: typeof stories extends fc.Arbitrary<infer S> ? S : never): Promise<void> {
  const world = new World(protection);
  await world.begin();
  for (const one of steps) await world.play(one);
  await world.end();
}

class World {
  readonly #emulator = createCalEmulator({
    accounts: { google: people.map(accountOf) },
    oauth2: {
      mode: "strict",
      clients: [{ id: "app", secret: "app-secret", redirectUris: [CALLBACK], scopes }],
      people: [{ email: "olga@cal.example", name: "olga" }],
    },
  });
  readonly #table = memoryTokenStore({ now: this.#emulator.clock.now });
  readonly #protection: string;
  readonly #servers: { cal: CalClient; handlers: CalHandlers }[];
  readonly #browsers = new Map<Person, (server: number) => Browser>();
  readonly #userIds = new Map<Person, string>(people.map((name) => [name, `${name}0`]));
  readonly #addresses = new Map<Person, string>(people.map((name) => [name, `${name}@users.example`]));
  readonly #links: { url: string; by: Person; at: number }[] = [];
  readonly #callbacks: string[] = [];
  /** Whose each user at Cal.com is, and whether the owner's calendar must be connected there, as the owner was told. */
  readonly #calUsers = new Map<number, { owner: Person; isConnected: boolean }>();
  readonly #older: TokenRecord[] = [];
  #newAddresses = 0;

  constructor(protection: string) {
    this.#protection = protection;
    this.#servers = [0, 1].map(() => this.#server());
    for (const name of people) {
      // One browser with one set of cookies, which reaches both servers.
      let server = 0;
      const browser = createBrowser((request) => this.#handlers(server).handle(request));
      browser.signIn(this.#userIds.get(name)!);
      this.#browsers.set(name, (chosen) => {
        server = chosen;
        return browser;
      });
    }
  }

  async begin(): Promise<void> {
    const [olga] = this.#emulator.people.list();
    this.#calUsers.set(olga!.id, { owner: "olga", isConnected: false });
    const { cal } = this.#servers[0]!;
    const { url } = await cal.oauth.authorizationUrl({ state: "s", redirectUri: CALLBACK });
    const { redirectTo } = await this.#emulator.oauth2.authorize(url, { person: "olga" });
    const code = new URL(redirectTo!).searchParams.get("code")!;
    await cal.oauth.link("olga0", { code, redirectUri: CALLBACK });
    await this.play({ do: "start", person: "mallory", server: 0 });
    await this.play({ do: "start", person: "ada", server: 1 });
  }

  async play(step: Step): Promise<void> {
    // What came less than a minute ago can't be told from what a rejected callback has brought.
    this.#wait(61_000);
    const asked = await this.#do(step);
    this.#checkCalUsers(step, asked);
    if ("person" in step && step.person) await this.#checkReading(step.person, step);
  }

  async end(): Promise<void> {
    const last: Step = { do: "cron", server: 0 };
    await this.play(last);
    for (const name of people) await this.#checkReading(name, last);
    this.#checkCalUsers(last, null);
  }

  /** Returns the person who has asked for something to be removed. */
  async #do(step: Step): Promise<Person | null> {
    switch (step.do) {
      case "start":
        await this.#start(step);
        return null;
      case "follow":
        await this.#follow(step);
        return null;
      case "deny": {
        const chosen = this.#link(step.link);
        const back = chosen && (await this.#consent(chosen.url, { deny: true }));
        if (back) await this.#browser(step.person, step.server).visit(back);
        return null;
      }
      case "reload": {
        const url = this.#callbacks[step.link % Math.max(1, this.#callbacks.length)];
        if (url === undefined) return null;
        const browser = step.person ? this.#browser(step.person, step.server) : this.#stranger(step.server);
        await browser.visit(url);
        return null;
      }
      case "look":
        await this.#browser(step.person, step.server).fetch("/calendars/status");
        return null;
      case "disconnect":
        await this.#browser(step.person, step.server).post("/calendars/disconnect", {
          calendarType: "google",
        });
        return step.person;
      case "recycle": {
        const address = this.#addresses.get(step.from)!;
        this.#addresses.set(step.from, `${step.from}${String((this.#newAddresses += 1))}@users.example`);
        this.#addresses.set(step.person, address);
        return null;
      }
      case "cascade":
        await this.#table.delete(this.#userIds.get(step.person)!);
        return null;
      case "leave":
        await tolerate(this.#servers[step.server]!.cal.forUser(this.#userIds.get(step.person)!).delete());
        return step.person;
      case "reassign":
        await this.#reassign(step);
        return null;
      case "edit":
        await editTable(step, {
          table: this.#table,
          older: this.#older,
          isSealed: this.#protection !== "no encryption",
          mayBeNamed: () => true,
        });
        return null;
      case "cron":
        await this.#runCron(step);
        return null;
      case "restart":
        this.#servers[step.server] = this.#server();
        return null;
      case "wait":
        this.#wait(step.minutes * 60_000);
        return null;
    }
  }

  async #start({ person, server }: { person: Person; server: number }): Promise<void> {
    const url = await this.#browser(person, server)
      .start("google")
      .catch(() => null);
    // Olga's row may be lost: then it is the page to link her account.
    if (url === null || url.startsWith(this.#emulator.oauth2.authorizeUrl)) return;
    this.#links.push({ url, by: person, at: this.#emulator.clock.now() });
  }

  async #follow({ link, person, server, isSignedIn, fails }: Extract<Step, { do: "follow" }>): Promise<void> {
    const chosen = this.#link(link);
    // What several links have brought into a person's own account is not removed: it is not known which is which.
    if (chosen?.by === "olga" && person !== "olga") return;
    const back = chosen && (await this.#consent(chosen.url, { account: accountOf(person) }));
    if (!back) return;
    this.#callbacks.push(back);
    if (fails) this.#emulator.inject({ path: "/calendars", effect: { status: fails } });
    const browser = isSignedIn ? this.#browser(person, server) : this.#stranger(server);
    const response = await browser.visit(back);
    // Without a location: the link's token had expired, and Cal.com sent the browser to a page of its own.
    const location = response.headers.get("location");
    if (location === null || new URL(location).searchParams.get("connected") !== "true") return;
    if (chosen.by !== person || !isSignedIn)
      throw new Error(`${person} was connected by a link of ${chosen.by}.`);
    this.#noteNew();
    for (const [id, calUser] of this.#calUsers) {
      if (calUser.owner === person && this.#accountsAt(id).includes(accountOf(person)))
        calUser.isConnected = true;
    }
  }

  /** Also while a roll-back is pending, a link of the person's is still valid, or the row is lost. */
  async #reassign({ person, server }: { person: Person; server: number }): Promise<void> {
    const [from, to] = [`${person}0`, `${person}1`];
    if (this.#userIds.get(person) !== from) return;
    const { cal } = this.#servers[server]!;
    const email = this.#addresses.get(person);
    const isDone = await tolerate(cal.reassignUser(from, to, { email }).then(() => true));
    if (!isDone) return;
    this.#userIds.set(person, to);
    this.#browser(person, server).signIn(to);
  }

  /** Afterwards the application's own routes show no other person's calendar either. */
  async #runCron(step: { do: "cron"; server: number }): Promise<void> {
    const { cal, handlers } = this.#servers[step.server]!;
    const finished = await tolerate(handlers.finishRollBacks());
    for (const name of people) {
      const userId = this.#userIds.get(name)!;
      if (!finished || finished.pending.includes(userId)) continue;
      // Of a moved user whose row was removed or changed by hand, a server may still have an access token in memory.
      const row = await this.#table.get(userId);
      const isOwnRow = row !== null && this.#calUsers.get(row.calUserId)?.owner === name;
      if (userId !== `${name}0` && !isOwnRow) continue;
      this.#checkList(name, step, await tolerate(cal.forUser(userId).calendars.list()));
    }
  }

  /** What a route of the application's own shows, which finishes the user's roll-backs first. */
  async #checkReading(name: Person, step: Step): Promise<void> {
    const { cal, handlers } = this.#servers[0]!;
    const userId = this.#userIds.get(name)!;
    if (!(await tolerate(handlers.finishRollBacks(userId)))) return;
    this.#checkList(name, step, await tolerate(cal.forUser(userId).calendars.list()));
  }

  #checkList(name: Person, step: Step, list: unknown): void {
    const text = JSON.stringify(list);
    const foreign = people.filter((other) => other !== name && text.includes(accountOf(other)));
    if (foreign.length === 0) return;
    throw new Error(`${name} sees calendars of ${foreign.join()}: ${JSON.stringify(step)}`);
  }

  /** All users at Cal.com are there that no person asked to remove, under their owner's name, with what they had. */
  #checkCalUsers(step: Step, asked: Person | null): void {
    this.#noteNew();
    for (const [id, calUser] of this.#calUsers) {
      const { owner, isConnected } = calUser;
      const isThere = owner === "olga" || this.#emulator.users.get(id)?.name === owner;
      const isWhole = isThere && (!isConnected || this.#accountsAt(id).includes(accountOf(owner)));
      if (isWhole) continue;
      if (owner !== asked)
        throw new Error(`${owner} has lost a calendar or an account: ${JSON.stringify(step)}`);
      if (isThere) calUser.isConnected = false;
      else this.#calUsers.delete(id);
    }
  }

  /** Managed users that were created meanwhile. Their name is that of the person who was signed in. */
  #noteNew(): void {
    for (const { id, name } of this.#emulator.users.list()) {
      const owner = people.find((one) => one === name);
      if (owner && !this.#calUsers.has(id)) this.#calUsers.set(id, { owner, isConnected: false });
    }
  }

  #accountsAt(calUserId: number): string[] {
    return this.#emulator.calendars.credentials(calUserId).map(({ account }) => account);
  }

  /** Other users refresh meanwhile, which ends expired tokens, and the links that contain them. */
  #wait(ms: number): void {
    this.#emulator.clock.advance(ms);
    this.#emulator.users.deleteExpiredTokens();
  }

  /** Where the provider's consent ends; `null` if Cal.com does not know the link's token any more. */
  async #consent(url: string, choice: { account: string } | { deny: true }): Promise<string | null> {
    try {
      return (await this.#emulator.provider.authorize(url, choice)).redirectTo;
    } catch {
      return null;
    }
  }

  #link(index: number): { url: string; by: Person } | undefined {
    return this.#links[index % Math.max(1, this.#links.length)];
  }

  #handlers(server: number): CalHandlers {
    return this.#servers[server]!.handlers;
  }

  #browser(name: Person, server: number): Browser {
    return this.#browsers.get(name)!(server);
  }

  #stranger(server: number): Browser {
    return createBrowser((request) => this.#handlers(server).handle(request));
  }

  /** A process of the application's. */
  #server(): { cal: CalClient; handlers: CalHandlers } {
    const { clientId, clientSecret, clock, oauth2, url: baseUrl, fetch } = this.#emulator;
    const now = clock.now;
    const cal = new CalClient({
      managedUsers: { clientId, clientSecret },
      oauth: { clientId: "app", clientSecret: "app-secret", scopes, authorizeUrl: oauth2.authorizeUrl },
      newUsers: "managed",
      tokenStore: protections[this.#protection]!(this.#table),
      retry: { limit: 0 },
      baseUrl,
      fetch,
      now,
    });
    const handlers = createCalHandlers({
      client: cal,
      authenticate: (request) => this.#sessionOf(request),
      stateSecret: SECRET,
      appUrl: ORIGIN,
      successUrl: "/connected",
      errorUrl: "/failed",
      logger: {},
      now,
    });
    return { cal, handlers };
  }

  #sessionOf(request: Request) {
    const userId = /(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
    const name = people.find((one) => userId?.startsWith(one));
    // Olga does not get a managed user in place of her own account.
    if (userId === undefined || !name) return null;
    return name === "olga" ? { userId } : { userId, name, email: this.#addresses.get(name)! };
  }
}

/** The result, or `null` for an error of the package: refusals and faults are expected, other errors are not. */
async function tolerate<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (isCalError(error)) return null;
    throw error;
  }
}
