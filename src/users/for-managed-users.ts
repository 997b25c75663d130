// See `parts.ts`.
export {
  createManagedUser,
  deleteManagedUser,
  getManagedUser,
  listManagedUsers,
  updateManagedUser,
} from "../api/endpoints/managed-users.js";
export { forceRefreshTokens, refreshTokens } from "../api/endpoints/tokens.js";
export { managedUserGrant } from "../grants/managed-user-grant.js";
export { deleteOwnManagedUser, updateOwnManagedUser } from "./change-managed-user.js";
export { claimUsers } from "./claim-users.js";
export { createUser } from "./ensure-user.js";
export { FirstUse } from "./first-use.js";
export { ownedGrant } from "./owned-grant.js";
export { assertRoomForOwnerHash, keepingOwnerHash, withoutOwnerHash } from "./owner-metadata.js";
export { deletePreviousManagedUser } from "./previous-managed-user.js";
export { reassignUser } from "./reassign-user.js";
