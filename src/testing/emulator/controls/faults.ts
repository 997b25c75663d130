import type { Fault, FaultHandle, Faults } from "../model/faults.js";
import { assertFault } from "./validate-fault.js";

/** Adds a fault after checking that it can happen. */
export const createInject =
  (faults: Faults) =>
  (fault: Fault): FaultHandle => {
    assertFault(fault);
    return faults.add(fault);
  };
