// For Workers with a D1 database: a request runs the contract of the store that its path names, and the response has its lines.
import { createSchema, sqliteConnectionStore, sqliteTokenStore } from "calbridge/sqlite";
import { connectionStoreContract, tokenStoreContract } from "calbridge/testing";
import { runContract } from "./contract.js";

export default {
  async fetch(request, { DB }) {
    await createSchema(DB, { connections: true });
    const cases =
      new URL(request.url).pathname === "/connections"
        ? connectionStoreContract(() => sqliteConnectionStore({ database: DB }))
        : tokenStoreContract(() => sqliteTokenStore({ database: DB }));
    const lines = [];
    await runContract(cases, (line) => lines.push(line));
    return new Response(lines.join("\n"));
  },
};
