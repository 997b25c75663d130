import { build } from "esbuild";
import { describe, expect, test, vi } from "vitest";
import { clientOf, createAda, createTestClient } from "../support/client.js";
import { root } from "../support/markdown.js";
import { createOAuthClient, link } from "../support/oauth-client.js";

const MINUTE_MS = 60_000;
const managedUsersOnly = [
  "src/api/endpoints/managed-users.ts",
  "src/api/endpoints/tokens.ts",
  "src/grants/managed-user-grant.ts",
  "src/users/addresses.ts",
  "src/users/adopted-record.ts",
  "src/users/change-managed-user.ts",
  "src/users/claim-users.ts",
  "src/users/claim.ts",
  "src/users/ensure-user.ts",
  "src/users/find-owned.ts",
  "src/users/first-use.ts",
  "src/users/owned-grant.ts",
  "src/users/owner-metadata.ts",
  "src/users/previous-managed-user.ts",
  "src/users/reassign-user.ts",
];
const oauthOnly = [
  "src/api/endpoints/oauth-tokens.ts",
  "src/grants/oauth-grant.ts",
  "src/tokens/refusal-guard.ts",
  "src/tokens/single-use-refresh.ts",
  "src/users/authorize.ts",
  "src/users/link-account.ts",
  "src/users/store-link.ts",
];

/** The files of this project that are loaded with a file: its imports and theirs, without `import()`. */
async function modulesOf(entry: string): Promise<string[]> {
  const { metafile } = await build({
    entryPoints: ["src/index.ts"],
    absWorkingDir: root,
    bundle: true,
    write: false,
    outdir: "out",
    format: "esm",
    packages: "external",
    splitting: true,
    metafile: true,
  });
  const loaded = new Set<string>();
  const load = (path: string): void => {
    if (loaded.has(path)) return;
    loaded.add(path);
    for (const { path: next, kind, external } of metafile.inputs[path]!.imports)
      if (kind === "import-statement" && !external) load(next);
  };
  load(entry);
  return [...loaded].sort();
}

describe("what only one grant needs is not loaded for the other", () => {
  const both = [...managedUsersOnly, ...oauthOnly];
  const only = async (entry: string) => (await modulesOf(entry)).filter((path) => both.includes(path));

  test("neither of it when the client starts, nor with what both need later", async () => {
    expect(await only("src/index.ts")).toEqual([]);
    expect(await only("src/users/on-demand.ts")).toEqual([]);
  });

  test("each has its own part", async () => {
    expect(await only("src/users/for-managed-users.ts")).toEqual(managedUsersOnly);
    expect(await only("src/users/for-oauth.ts")).toEqual(oauthOnly);
  });

  test("managed users are created, refreshed, recovered, changed and deleted without the parts of OAuth 2", async () => {
    vi.doMock("../../src/users/for-oauth.js", () => {
      throw new Error("This is for OAuth 2.");
    });
    const world = createTestClient();
    const { emulator, store, cal } = world;
    const { ada, adaId } = await createAda(world);
    emulator.clock.advance(61 * MINUTE_MS);
    await ada.profile();
    emulator.users.revokeTokens(adaId);
    await clientOf(emulator, store).forUser("ada").profile();
    await ada.request({ path: "/me" });
    await ada.update({ name: "Ada L." });
    for await (const user of cal.managedUsers.list()) await cal.managedUsers.get(user.id);
    await cal.reassignUser("ada", "ada-2");
    expect(await cal.forUser("ada-2").delete()).toBe(true);
  });

  test("own accounts are linked, refreshed, marked and unlinked without the part of managed users", async () => {
    vi.doMock("../../src/users/for-managed-users.js", () => {
      throw new Error("This is for managed users.");
    });
    vi.doUnmock("../../src/users/for-oauth.js");
    const world = createOAuthClient();
    const ada = await link(world);
    world.emulator.clock.advance(31 * MINUTE_MS);
    await ada.profile();
    await ada.request({ path: "/me" });
    world.emulator.oauth2.revokeRefreshTokens(world.adaAtCal.id);
    world.emulator.clock.advance(31 * MINUTE_MS);
    await expect(ada.profile()).rejects.toMatchObject({ code: "reauthorization_required" });
    expect(await ada.unlink()).toBe(true);
    expect(await ada.delete()).toBe(false);
  });
});
