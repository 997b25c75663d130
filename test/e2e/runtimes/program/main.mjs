// For Node, Bun and Deno.
import * as calbridge from "calbridge";
import * as handlers from "calbridge/handlers";
import * as node from "calbridge/node";
import * as testing from "calbridge/testing";
import { checks, run } from "./checks.js";
import { server } from "./server.js";

await run([...checks, ...server], { calbridge, handlers, node, testing }, console.log);
