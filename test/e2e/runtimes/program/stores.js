import { ada, equal, start } from "./support.js";

// openssl rand -base64 32
const KEYS = {
  k2: "q1kYy8dJ0m3m0o0n3z2w9d8p1s6r5t4u7v8x9y0zAbc=",
  k1: "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
};

export const stores = [
  {
    name: "encryption",
    async run(modules) {
      const { calbridge } = modules;
      const rows = calbridge.memoryTokenStore();
      const old = calbridge.encryptedTokenStore(rows, { keys: { k1: KEYS.k1 } });
      const { cal, emulator } = start(modules, { tokenStore: old });
      await cal.ensureUser("ada", ada);
      const { accessToken } = await cal.forUser("ada").accessToken();
      const row = await rows.get("ada");
      if (JSON.stringify(row).includes(accessToken)) throw new Error("the token in the row is not encrypted");

      // Another process, after a new key was added.
      const tokenStore = calbridge.encryptedTokenStore(rows, { keys: KEYS });
      const { cal: next } = start(modules, {
        tokenStore,
        baseUrl: emulator.url,
        fetch: emulator.fetch,
        now: () => emulator.clock.now(),
      });
      equal(
        (await next.forUser("ada").accessToken()).accessToken,
        accessToken,
        "token, read with the old key",
      );
      emulator.clock.advance(60 * 60_000);
      equal((await next.forUser("ada").profile()).name, ada.name, "name");
      equal((await rows.get("ada")).version, row.version + 1, "version");

      // The encryption is bound to the row, so it can't be decrypted in another row.
      const copied = await rows.get("ada");
      await rows.delete("ada");
      await rows.set({ ...copied, userId: "eve" }, { ifVersion: null });
      const error = await tokenStore.get("eve").catch((error) => error);
      if (!(error instanceof calbridge.CalError)) throw new Error("a token was decrypted in another row");
    },
  },
  {
    name: "token store contract of the memory store",
    async run({ calbridge, testing }) {
      const cases = testing.tokenStoreContract(() => {
        let now = Date.now();
        return { store: calbridge.memoryTokenStore({ now: () => now }), advance: (ms) => void (now += ms) };
      });
      if (cases.length < 20) throw new Error(`the contract has only ${cases.length} cases`);
      for (const { name, run } of cases) {
        await run().catch((error) => {
          throw new Error(`${name}: ${error.message}`);
        });
      }
    },
  },
];
