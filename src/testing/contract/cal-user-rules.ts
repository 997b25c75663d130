import {
  ensure,
  ensureHolds,
  ensureInUse,
  ensureSame,
  isInUse,
  together,
  tokensOf,
  write,
  type Rule,
} from "./assertions.js";

/** That a Cal.com user belongs to one application user. */
export const calUserRules: readonly Rule[] = [
  {
    name: "a Cal.com user that another user has: set rejects with CalUserInUseError and writes nothing",
    async check({ store, userId, calServer }) {
      const [ada, bob] = [userId("ada"), userId("bob")];
      const tokens = (id: string, calUserId: number, name = "1") =>
        tokensOf(id, name, { calServer, calUserId });
      await write(store, tokens(ada, 1));
      await ensureInUse(store.set(tokens(bob, 1), { ifVersion: null }), "set of a new record");
      ensure((await store.get(bob)) === null, "a rejected set wrote a record");

      const bobs = await write(store, tokens(bob, 2));
      const change = store.set(tokens(bob, 1, "2"), { ifVersion: bobs.version });
      await ensureInUse(change, "set over an existing record");
      ensureSame(await store.get(bob), bobs, "get, after a rejected set,");

      // Its own user writes as before.
      await write(store, tokens(ada, 1, "2"));
      await write(store, tokens(ada, 3, "3"));
      ensureHolds(await write(store, tokens(bob, 1, "3")), tokens(bob, 1, "3"), "set of a free Cal.com user");
      await store.delete(bob);
      ensureHolds(
        await write(store, tokens(ada, 1, "4")),
        tokens(ada, 1, "4"),
        "set of a deleted user's Cal.com user",
      );
    },
  },
  {
    name: "the same id at another Cal.com server is another Cal.com user",
    async check({ store, userId, calServer }) {
      const servers = [calServer, calServer.slice(1), `${calServer.slice(2)}-a`];
      for (const [n, server] of servers.entries()) {
        const record = tokensOf(userId(`user-${n}`), `${n}`, { calServer: server, calUserId: 7 });
        ensureHolds(await write(store, record), record, "set");
      }
    },
  },
  {
    name: "of several users that are given one Cal.com user at once exactly one gets it",
    async check({ store, userId, calServer }) {
      for (let round = 0; round < 4; round += 1) {
        const ids = Array.from({ length: 12 }, (_, n) => userId(`${round}-${n}`));
        // In every other round they have records already, with other Cal.com users.
        const versions = await together(ids.length, async (n) => {
          if (round % 2 === 0) return null;
          return (await write(store, tokensOf(ids[n] ?? "", "1", { calServer, calUserId: 1000 + n })))
            .version;
        });
        const shared = { calServer, calUserId: round };
        const refused = await together(ids.length, (n) => {
          const record = tokensOf(ids[n] ?? "", "2", shared);
          return isInUse(store.set(record, { ifVersion: versions[n] ?? null }));
        });
        const records = await together(ids.length, (n) => store.get(ids[n] ?? ""));
        const holders = records.filter(
          (record) => record?.calUserId === round && record.calServer === calServer,
        );
        ensure(holders.length === 1, `${holders.length} of 12 users got one Cal.com user at once`);
        const count = refused.filter(Boolean).length;
        ensure(count === 11, `${count} of the 11 others got a CalUserInUseError`);
        await together(ids.length, (n) => store.delete(ids[n] ?? ""));
      }
    },
  },
];
