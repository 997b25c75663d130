import { CalSecretError, isCalError } from "../errors.js";
import { within } from "./deadline.js";
import { redactError } from "./redact.js";

/**
 * A secret, or a function that returns it, for a secret manager that replaces it without a restart. The function may be
 * async. What it returns is kept for a minute, and asked for again when the secret is refused.
 */
export type Secret<T = string> = T | (() => T | Promise<T>);

const LIFE_MS = 60_000;
// A secret that is refused all the time is not asked for all the time.
const MIN_AGE_MS = 1_000;
const MAX_ASK_MS = 10_000;

/** Reads a secret that was given as a value or as a function. */
export class SecretSource<T, Checked = T> {
  readonly #name: string;
  readonly #ask: (() => T | Promise<T>) | undefined;
  readonly #check: (value: T) => Checked;
  #asking: Promise<Checked> | undefined;
  #value: Checked | undefined;
  /** The value as it was given, to see whether it has changed. */
  #given = "";
  #askedAt = 0;
  /** The last two values: both may be in a response that arrives now. */
  known: readonly Checked[] = [];

  /**
   * @param name - The option, for messages.
   * @param check - Returns the value in the form that is used. Throws for one that is not valid.
   */
  constructor(name: string, secret: Secret<T>, check: (value: T) => Checked) {
    this.#name = name;
    this.#check = check;
    if (typeof secret === "function") this.#ask = secret as () => T | Promise<T>;
    else this.#keep(secret);
  }

  /** @throws {@link CalSecretError} if the function fails and there is no earlier value. */
  async get(): Promise<Checked> {
    const isFresh = !this.#ask || Date.now() - this.#askedAt < LIFE_MS;
    if (this.#value !== undefined && isFresh) return this.#value;
    try {
      return await this.#renewed();
    } catch (error) {
      // A secret manager that can't be reached does not stop the application.
      if (this.#value !== undefined) return this.#value;
      throw error;
    }
  }

  /** Asks again after a value was refused. Returns whether there is another one now. */
  async renew(refused: Checked): Promise<boolean> {
    if (!this.#ask) return false;
    try {
      const mayAsk = this.#asking !== undefined || Date.now() - this.#askedAt >= MIN_AGE_MS;
      if (this.#value === refused && mayAsk) await this.#renewed();
    } catch (error) {
      if (!isCalError(error)) throw error;
    }
    return this.#value !== undefined && this.#value !== refused;
  }

  /** One question at a time. It is given up after some time: Workers stop a promise with the request that made it. */
  async #renewed(): Promise<Checked> {
    this.#asking ??= this.#run();
    const asking = this.#asking;
    try {
      const message = `The function ${this.#name} did not return within ${MAX_ASK_MS / 1000} s.`;
      return await within(asking, { time: { ms: MAX_ASK_MS, message } });
    } catch (error) {
      throw isCalError(error) && error.code === "timeout" ? new CalSecretError(error.message) : error;
    } finally {
      if (this.#asking === asking) this.#asking = undefined;
    }
  }

  async #run(): Promise<Checked> {
    this.#askedAt = Date.now();
    let value: T | undefined;
    try {
      value = await this.#ask?.();
    } catch (error) {
      throw new CalSecretError(`The function ${this.#name} failed.`, { cause: redactError(error) });
    }
    try {
      return this.#keep(value as T);
    } catch (error) {
      if (!isCalError(error)) throw error;
      throw new CalSecretError(`The function ${this.#name} returned an invalid value. ${error.message}`);
    }
  }

  #keep(secret: T): Checked {
    // A list of keys is a new object each time, and equal.
    const given = JSON.stringify(secret);
    if (this.#value !== undefined && given === this.#given) return this.#value;
    const value = this.#check(secret);
    this.known = [value, ...this.known].slice(0, 2);
    this.#value = value;
    this.#given = given;
    return value;
  }
}
