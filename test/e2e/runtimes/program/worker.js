// For Workers: a request runs all checks, and the response has their lines.
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
