import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { decryptJwe, encryptJwe } from "../../../src/lib/jwe.js";

const key = randomBytes(32);

test.each(["token", "", "Ünïcödé 🗓", "\ufeffwith a byte order mark", "a\0b"])(
  "the encrypted text %j is decrypted with the same key, and its header is kept",
  async (text) => {
    const jwe = await encryptJwe(text, key, { kid: "k1" });
    expect(await decryptJwe(jwe, key)).toMatchObject({ text, header: { kid: "k1" } });
  },
);

test("two encryptions of the same text differ", async () => {
  expect(await encryptJwe("token", key)).not.toBe(await encryptJwe("token", key));
});

test("another key, a changed part and text that is not a JWE all give null", async () => {
  const jwe = await encryptJwe("token", key, { kid: "k1" });
  expect(await decryptJwe(jwe, randomBytes(32))).toBeNull();
  const parts = jwe.split(".");
  for (const [index, part] of parts.entries()) {
    if (part === "") continue;
    const changed = parts.with(index, part.startsWith("A") ? `B${part.slice(1)}` : `A${part.slice(1)}`);
    expect(await decryptJwe(changed.join("."), key), `part ${String(index)}`).toBeNull();
  }
  for (const text of ["", "token", "a.b.c.d.e", jwe.slice(0, -4)])
    expect(await decryptJwe(text, key)).toBeNull();
});

test("the header is authenticated: a JWE with the header of another one is rejected", async () => {
  const [header] = (await encryptJwe("token", key, { kid: "k2" })).split(".");
  const [, ...rest] = (await encryptJwe("token", key, { kid: "k1" })).split(".");
  expect(await decryptJwe([header, ...rest].join("."), key)).toBeNull();
});
