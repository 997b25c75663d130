import { canonicalTimeZone, isString, isTimeZone, type Field } from "../http/validate.js";

const LOCALES =
  "ar, ca, de, es, eu, he, id, ja, lv, pl, ro, sr, th, vi, az, cs, el, es-419, fi, hr, it, km, nl, pt, ru, sv, tr, zh-CN, bg, da, en, et, fr, hu, iw, ko, no, pt-BR, sk, ta, uk, zh-TW, bn";

const capitalize = (value: unknown): unknown =>
  typeof value === "string" ? (canonicalTimeZone(value) ?? value) : value;

const profileFields: Field[] = [
  {
    property: "timeFormat",
    optional: true,
    rules: [
      {
        name: "isIn",
        message: "timeFormat must be a number either 12 or 24",
        ok: (value) => value === 12 || value === 24,
      },
    ],
  },
  // Any text is accepted, although the description lists seven.
  { property: "weekStart", optional: true, rules: [isString("weekStart")] },
  { property: "timeZone", optional: true, transform: capitalize, rules: [isTimeZone("timeZone")] },
  {
    property: "locale",
    optional: true,
    rules: [
      {
        name: "isEnum",
        message: `locale must be one of the following values: ${LOCALES}`,
        ok: (value) => typeof value === "string" && LOCALES.split(", ").includes(value),
      },
    ],
  },
  {
    property: "avatarUrl",
    optional: true,
    rules: [{ name: "isUrl", message: "avatarUrl must be a URL address", ok: isWebUrl }],
  },
  { property: "bio", optional: true, rules: [isString("bio")] },
  {
    property: "metadata",
    optional: true,
    rules: [
      {
        name: "ValidateMetadata",
        message:
          "Metadata must have at most 50 keys, each key up to 40 characters, and values up to 500 characters.",
        ok: isMetadata,
      },
    ],
  },
];

/** Fields of `POST .../users`. */
export const createFields: Field[] = [
  { property: "email", rules: [isString("email")] },
  { property: "name", rules: [isString("name")] },
  ...profileFields,
];

/** Fields of `PATCH .../users/{id}` and `PATCH /me`. */
export const updateFields: Field[] = [
  { property: "email", optional: true, rules: [isString("email")] },
  { property: "name", optional: true, rules: [isString("name")] },
  {
    property: "defaultScheduleId",
    optional: true,
    rules: [
      {
        name: "isNumber",
        message: "defaultScheduleId must be a number conforming to the specified constraints",
        ok: (value) => typeof value === "number",
      },
    ],
  },
  ...profileFields,
];

function isWebUrl(value: unknown): boolean {
  return typeof value === "string" && /^(https?:\/\/)?[^\s/?#.]+\.[^\s/?#]+/i.test(value);
}

function isMetadata(value: unknown): boolean {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const entries = Object.entries(value);
  return (
    entries.length <= 50 &&
    entries.every(([key, item]) => {
      const isScalar = ["string", "number", "boolean"].includes(typeof item);
      return key.length <= 40 && isScalar && String(item).length <= 500;
    })
  );
}
