import { T } from "@dlmskit/apdu";
import type { Of } from "@dlmskit/core";
import { checkListSize } from "../../list-size.ts";
import type { AnyObject, Context, DeviceView } from "../../object.ts";
import { refuse } from "../../refusal.ts";
import { keeperOf } from "./association-keeper.ts";

/** A user of an association. */
export const AssociationUser = T.structure({
  userId: T.unsigned,
  userName: T.anyOf("visible-string", "utf8-string"),
});
export type AssociationUser = Of<typeof AssociationUser>;

const mostUsers = 256;
const nobody: AssociationUser = { userId: 0, userName: { type: "visible-string", value: "" } };

/** The association object that stores the users. */
function userKeeperOf(context: Context): AnyObject {
  const keeper = keeperOf(context);
  // The associations of one meter may have objects of different versions.
  if (keeper.spec.attributes.userList === undefined) throw refuse("object-undefined", "the association has no users");
  return keeper;
}

const usersOf = (device: Pick<DeviceView, "values">, keeper: AnyObject): readonly AssociationUser[] =>
  (device.values(keeper) as { readonly userList?: readonly AssociationUser[] }).userList ?? [];

/** The parts of versions 2 and 3 of Association LN for users (attributes 10 and 11, methods 5 and 6). */
export const userHooks = {
  read: {
    userList: (_: unknown, context: Context): AssociationUser[] => [...usersOf(context.device, userKeeperOf(context))],
    /** The user of this association; the user of another association is not shown. */
    currentUser(_: unknown, context: Context): AssociationUser {
      const keeper = userKeeperOf(context);
      const { association } = context;
      const userId = association?.instanceId === keeper.instance ? association.userId : undefined;
      if (userId === undefined) return nobody;
      const found = usersOf(context.device, keeper).find((user) => user.userId === userId);
      return found ?? { ...nobody, userId };
    },
  },
  invoke: {
    addUser(_: unknown, added: AssociationUser, context: Context): void {
      const keeper = userKeeperOf(context);
      const users = usersOf(context.device, keeper);
      const at = users.findIndex(({ userId }) => userId === added.userId);
      if (at < 0 && users.length >= mostUsers) throw refuse("other-reason", `there are ${mostUsers} users at the most`);
      const list = at < 0 ? [...users, added] : users.with(at, added);
      checkListSize(T.array(AssociationUser), list);
      context.device.set(keeper, "userList", list);
    },
    /** A connected user stays connected. */
    removeUser(_: unknown, { userId }: AssociationUser, context: Context): void {
      const keeper = userKeeperOf(context);
      const users = usersOf(context.device, keeper);
      const left = users.filter((user) => user.userId !== userId);
      if (left.length === users.length) throw refuse("other-reason", `there is no user ${userId}`);
      context.device.set(keeper, "userList", left);
    },
  },
} as const;
