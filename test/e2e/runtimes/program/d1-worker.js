// For Workers with a D1 database: a request runs the contract of a token store, and the response has its lines.
import { createSchema, sqliteTokenStore } from "calbridge/sqlite";
import { tokenStoreContract } from "calbridge/testing";
import { runContract } from "./contract.js";

export default {
  async fetch(_request, { DB }) {
    await createSchema(DB);
    const lines = [];
    await runContract(
      tokenStoreContract(() => sqliteTokenStore({ database: DB })),
      (line) => lines.push(line),
    );
    return new Response(lines.join("\n"));
  },
};
