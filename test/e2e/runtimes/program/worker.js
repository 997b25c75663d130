// For Workers: each request of the launcher runs every check, and is answered with their lines.
import * as calbridge from "calbridge";
import * as handlers from "calbridge/handlers";
import * as testing from "calbridge/testing";
import { checks, run } from "./checks.js";

export default {
  async fetch(_request, env) {
    const lines = [];
    await run(checks, { calbridge, handlers, testing }, (line) => lines.push(line), env);
    return new Response(lines.join("\n"));
  },
};
