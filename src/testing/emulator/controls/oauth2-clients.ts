import { addClient, assertSecrets } from "../model/oauth2-clients.js";
import type { EmulatorOAuth2Client, OAuth2Client, OAuth2ClientStatus } from "../model/oauth2-state.js";
import type { State } from "../model/state.js";
import { assertFields, assertOneOf } from "../model/assert.js";

/** A client of Cal.com's OAuth 2. A copy. */
export interface EmulatedOAuth2Client {
  id: string;
  name: string;
  kind: "confidential" | "public";
  /** Empty for a public client. */
  secrets: string[];
  redirectUris: string[];
  scopes: string[];
  status: OAuth2ClientStatus;
  isTrusted: boolean;
  ownerId: number | null;
}

/** Reads and changes the clients of Cal.com's OAuth 2. */
export interface EmulatedOAuth2Clients {
  /** @throws TypeError if Cal.com would not register such a client. */
  create(client: EmulatorOAuth2Client): EmulatedOAuth2Client;
  /** All clients. */
  list(): EmulatedOAuth2Client[];
  /** One client, if there is one with this id. */
  get(id: string): EmulatedOAuth2Client | undefined;
  /** Deletes a client. Its access tokens work until they expire. */
  delete(id: string): void;
  /** Changes the status of Cal.com's review. Access tokens work in each. */
  review(id: string, status: OAuth2ClientStatus): void;
  /** Adds a second secret (strict servers only). Returns it. */
  addSecret(id: string): string;
  /** Removes one of two secrets. Tokens still work. */
  removeSecret(id: string, secret: string): void;
  /** Replaces all secrets with a new one, which it returns. */
  rotateSecret(id: string): string;
}

export const clientFields = [
  "id",
  "secret",
  "redirectUris",
  "name",
  "scopes",
  "status",
  "isTrusted",
  "ownerId",
];

const statuses = ["approved", "pending", "rejected"];

export function requireOAuth2Client(state: State, id: string): OAuth2Client {
  const client = state.oauth2.clients.get(id);
  if (!client) throw new Error(`The emulator has no OAuth 2 client with the id ${id}.`);
  return client;
}

export function createOAuth2ClientControls(state: State): EmulatedOAuth2Clients {
  const { oauth2 } = state;

  function requireConfidential(id: string): OAuth2Client {
    const client = requireOAuth2Client(state, id);
    if (client.secrets.length === 0) throw new Error(`The OAuth 2 client ${id} is public: it has no secret.`);
    return client;
  }

  const newSecret = (): string =>
    `emulator-secret-${state.nextId("oauth2 client secret").toString(16).padStart(48, "0")}`;

  const copy = (client: OAuth2Client): EmulatedOAuth2Client => ({
    id: client.id,
    name: client.name,
    kind: client.secrets.length === 0 ? "public" : "confidential",
    secrets: [...client.secrets],
    redirectUris: [...client.redirectUris],
    scopes: [...client.scopes],
    status: client.status,
    isTrusted: client.isTrusted,
    ownerId: client.ownerId,
  });

  return {
    create(client) {
      assertFields("oauth2.clients.create", client, clientFields);
      if (client.status !== undefined) assertOneOf("A client's status", client.status, statuses);
      return copy(addClient(oauth2, client));
    },
    list: () => [...oauth2.clients.values()].map(copy),
    get(id) {
      const client = oauth2.clients.get(id);
      return client && copy(client);
    },
    delete(id) {
      oauth2.clients.delete(requireOAuth2Client(state, id).id);
    },
    review(id, status) {
      assertOneOf("oauth2.clients.review", status, statuses);
      requireOAuth2Client(state, id).status = status;
    },
    addSecret(id) {
      const client = requireConfidential(id);
      const secret = newSecret();
      assertSecrets(oauth2.mode, [...client.secrets, secret]);
      client.secrets.push(secret);
      return secret;
    },
    removeSecret(id, secret) {
      const client = requireConfidential(id);
      if (!client.secrets.includes(secret)) throw new Error(`The OAuth 2 client ${id} has no such secret.`);
      if (client.secrets.length === 1) {
        throw new Error(`This is the only secret of the OAuth 2 client ${id}. Use rotateSecret.`);
      }
      client.secrets = client.secrets.filter((one) => one !== secret);
    },
    rotateSecret(id) {
      const client = requireConfidential(id);
      const secret = newSecret();
      client.secrets = [secret];
      return secret;
    },
  };
}
