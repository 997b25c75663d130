import { writeFile } from "node:fs/promises";
import ts from "typescript";
import { beforeAll, expect, test } from "vitest";
import { requestService } from "../../support/postgres.js";

// The store recognizes a client by its shape: these are the shapes that Prisma generates.

beforeAll(() => requestService("prisma"));

test("the generated client fits, and only its own models can be named", async () => {
  const file = "node_modules/.calbridge-test/prisma-types.ts";
  await writeFile(
    file,
    `import { prismaTokenStore } from "../../src/stores/prisma/prisma-token-store.js";
    import { PrismaClient } from "./prisma/index.js";
    declare const prisma: PrismaClient;
    prismaTokenStore({ prisma });
    prismaTokenStore({ prisma: prisma.$extends({ name: "extended" }) });
    prismaTokenStore({ prisma, model: "calToken", entryModel: "calEntry", fields: { userId: "userId" } });
    prismaTokenStore({ prisma, model: undefined, entryModel: undefined, fields: { userId: undefined } });
    prismaTokenStore({ prisma, model: "calTokens" });
    prismaTokenStore({ prisma, fields: { user: "userId" } });
    `,
  );
  const { config } = ts.readConfigFile("tsconfig.json", (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, process.cwd());
  const program = ts.createProgram([file], options);
  const complaints = ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const { line } = file!.getLineAndCharacterOfPosition(start!);
    return [line + 1, ts.flattenDiagnosticMessageText(messageText, " ")];
  });
  expect(complaints).toEqual([
    [8, expect.stringContaining("calTokens")],
    [9, expect.stringContaining("user")],
  ]);
});
