const at = new Date();

/** What is written of a user's tokens: text as long as Cal.com's. */
export const tokens = {
  calServer: "",
  details: null,
  calAccessToken: "a".repeat(300),
  calAccessTokenExpiresAt: at,
  calRefreshToken: "r".repeat(300),
  calRefreshTokenExpiresAt: at,
};
