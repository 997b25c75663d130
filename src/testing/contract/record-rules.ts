import { ensure, ensureHolds, ensureSame, show, together, tokensOf, write, type Rule } from "./assertions.js";

/** Ids that a careless store takes for one another, for a pattern, for a path or for something of its own. */
export const lookalikes = [
  "__proto__",
  "constructor",
  "hasOwnProperty",
  "toString",
  "ada",
  "Ada",
  "ADA",
  " ada",
  "ada ",
  "ada%",
  "ada_",
  "ada*",
  "a?a",
  "[ad]da",
  "ada:1",
  "ada/1",
  "ada/../ada",
  "ada%2F1",
  "ada'--",
  'ada"',
  "ada\\",
  "ada\n",
  "1",
  "01",
  "1.0",
  "1e0",
  "null",
  "undefined",
  "stra\u00dfe",
  "strasse",
  "\u00e9",
  "e\u0301",
  "\u0130",
  "i\u0307",
  "\u{1f600}",
  "\u{1f601}",
  `${"a".repeat(500)}1`,
  `${"a".repeat(500)}2`,
];

/** Text that a careless store changes. */
export const texts = [
  "\u00e4\u00f6\u00fc \u65e5\u672c\u8a9e \u{1f468}\u200d\u{1f469}\u200d\u{1f467} \u202eright to left",
  "e\u0301 is not \u00e9",
  `quotes ' '' " "" \` and \\ \\\\ and \r\n\t`,
  "placeholders $1 :name ? %s {0} ${x} #{y}",
  '{"json":null}',
  " spaces around ",
  "a\ufeffb\u200bc\u00a0d",
];

const instants = [0, 1, 999, 951_782_400_001, 1_711_846_800_999, 4_102_444_800_500, 253_402_300_799_999, -1];

/** JSON of 4 kB with letters of one to four bytes, and 6 kB of text as encryption makes of it. */
const detailTexts = [
  `{"grant":"oauth","email":"${"\u00e4\u65e5\u{1f600}a".repeat(405)}"}`.padEnd(2055),
  "eyJhbGciOiJkaXIi.".padEnd(6144, "aZ09-_"),
  '{ "spaces": " kept ", "b": 1, "a": 2, "a": 3, "number": 1.0 }',
];

/** How a store keeps a record. */
export const recordRules: readonly Rule[] = [
  {
    name: "a user without a record has none: get returns null",
    async check({ store, userId }) {
      const result: unknown = await store.get(userId("unknown"));
      ensure(result === null, `get returned ${String(result)} for a user who was never written`);
    },
  },
  {
    name: "a record comes back as it was written, from set and from get",
    async check({ store, userId, calServer }) {
      const record = tokensOf(userId("ada"), "1", { calUserId: 2_147_483_647, calServer });
      const written = await write(store, record);
      ensureHolds(written, record, "set");
      ensureSame(await store.get(record.userId), written, "get");
      ensure(Number.isSafeInteger(written.version), "the version is not an integer");

      const changed = tokensOf(record.userId, "2", { calUserId: 3, calServer: calServer.slice(1) });
      const rewritten = await write(store, changed);
      ensureHolds(rewritten, changed, "the second set");
      ensureSame(await store.get(record.userId), rewritten, "get after the second set");
    },
  },
  {
    name: "users are isolated: ids that look alike are different users",
    async check({ store, calServer }) {
      const tokens = (id: string) => tokensOf(id, id, { calServer });
      for (const id of lookalikes) await store.delete(id);
      for (const id of lookalikes) {
        const already = await store.get(id);
        ensure(already === null, `the user id ${show(id)} has a record before it was written`);
        await write(store, tokens(id));
      }
      for (const id of lookalikes) ensureHolds(await store.get(id), tokens(id), "get");
      for (const id of lookalikes) {
        ensure(await store.delete(id), `the user id ${show(id)} was deleted together with another user`);
      }
    },
  },
  {
    name: "users are isolated: records that are written at the same time do not mix",
    async check({ store, userId }) {
      const ids = Array.from({ length: 20 }, (_, n) => userId(`user-${n}`));
      await together(ids.length, (n) => write(store, tokensOf(ids[n] ?? "", `${n}`)));
      const records = await together(ids.length, (n) => store.get(ids[n] ?? ""));
      for (const [n, record] of records.entries()) ensureHolds(record, tokensOf(ids[n] ?? "", `${n}`), "get");
    },
  },
  {
    name: "null fields stay null, and null replaces an earlier value",
    async check({ store, userId }) {
      const nothing = {
        calRefreshToken: null,
        calAccessTokenExpiresAt: null,
        calRefreshTokenExpiresAt: null,
        details: null,
      };
      const id = userId("ada");
      for (const record of [tokensOf(id, "1", nothing), tokensOf(id, "2"), tokensOf(id, "3", nothing)]) {
        ensureHolds(await write(store, record), record, "set");
        ensureHolds(await store.get(id), record, "get");
      }
    },
  },
  {
    name: "instants come back to the millisecond, as Dates",
    async check({ store, userId }) {
      for (const instant of instants) {
        const calAccessTokenExpiresAt = new Date(instant);
        const record = tokensOf(userId("ada"), "1", { calAccessTokenExpiresAt });
        ensureHolds(await write(store, record), record, "set");
        ensureHolds(await store.get(record.userId), record, "get");
      }
    },
  },
  {
    name: "texts come back unchanged: unicode, quotes, placeholders, spaces",
    async check({ store, userId }) {
      for (const text of texts) {
        const record = tokensOf(userId(text), "1", { calAccessToken: text, calRefreshToken: `${text}2` });
        ensureHolds(await write(store, record), record, "set");
        ensureHolds(await store.get(record.userId), record, "get");
      }
    },
  },
  {
    name: "tokens of 131,073 bytes come back whole",
    async check({ store, userId }) {
      const calAccessToken = `${"0123456789abcdef".repeat(8192)}.`;
      const calRefreshToken = `${"\u{1f600}".repeat(32_768)}.`;
      const record = tokensOf(userId("ada"), "1", { calAccessToken, calRefreshToken });
      ensureHolds(await write(store, record), record, "set");
      ensureHolds(await store.get(record.userId), record, "get");
    },
  },
  {
    name: "details come back unchanged: JSON of 4 kB, and 6 kB of text",
    async check({ store, userId }) {
      for (const details of detailTexts) {
        const record = tokensOf(userId("ada"), "1", { details });
        ensureHolds(await write(store, record), record, "set");
        ensureHolds(await store.get(record.userId), record, "get");
      }
    },
  },
  {
    name: "records are values: changing one that was passed or returned changes nothing that is stored",
    async check({ store, userId }) {
      const expected = tokensOf(userId("ada"));
      const given = tokensOf(userId("ada"));
      const fromSet = await write(store, given);
      const fromGet = await store.get(expected.userId);
      ensureHolds(fromGet, expected, "get");
      for (const record of [given, fromSet, fromGet]) {
        ensure(record !== null, "get returned null instead of the record");
        record.calAccessToken = "changed";
        record.calAccessTokenExpiresAt?.setTime(0);
        record.calRefreshTokenExpiresAt?.setTime(0);
      }
      fromSet.updatedAt.setTime(0);
      fromGet?.createdAt.setTime(0);
      const stored = await store.get(expected.userId);
      ensureHolds(stored, expected, "get, after the caller changed its own copies,");
      ensure(stored?.createdAt.getTime() !== 0, "createdAt changed with the caller's copy");
      ensure(stored?.updatedAt.getTime() !== 0, "updatedAt changed with the caller's copy");
    },
  },
  {
    name: "createdAt stays and updatedAt never goes back",
    async check({ store, userId }) {
      const first = await write(store, tokensOf(userId("ada"), "1"));
      const second = await write(store, tokensOf(userId("ada"), "2"));
      ensure(
        first.createdAt.getTime() === second.createdAt.getTime(),
        "createdAt changed with a later write",
      );
      ensure(first.updatedAt <= second.updatedAt, "updatedAt went back with a later write");
    },
  },
  {
    name: "list, if the store has it, returns every user once, page by page",
    async check({ store, userId }) {
      if (!store.list) return;
      const ids = ["c", "a", "B", "\u00e9", "_"].map((name) => userId(name));
      for (const id of ids) await write(store, tokensOf(id));
      const seen: string[] = [];
      for (let after: string | undefined; ;) {
        const page = await store.list({ after, limit: 2 });
        ensure(page.length <= 2, "list returned more users than limit");
        if (page.length === 0) break;
        seen.push(...page);
        ensure(page.at(-1) !== after, "list returned the user after whom it was to continue");
        after = page.at(-1);
      }
      ensure(new Set(seen).size === seen.length, "list returned a user twice");
      for (const id of ids) ensure(seen.includes(id), `list left out the user id ${show(id)}`);
    },
  },
];
