// Beside it are the generated tables and the driver of their database.
import { and, eq, gt, lte } from "drizzle-orm"
import { drizzle } from "./driver"
import { authSession, authUser, type AuthUser } from "./tables"

async function main() {
  const database = drizzle(process.argv[2]!)
  const born = new Date("1999-01-02T03:04:05.678Z")
  const found = await database
    .select()
    .from(authUser)
    .innerJoin(authSession, eq(authSession.userId, authUser.id))
    .where(and(lte(authUser.bornAt, born), gt(authSession.expiresAt, new Date())))
  const user: AuthUser = found[0]!.people
  const _: [boolean, Date, string[] | null, "free" | "paid" | null] = [user.emailVerified, user.createdAt, user.tags, user.plan]
  console.log(JSON.stringify(found))
  process.exit(0)
}

export function writes(database: ReturnType<typeof drizzle>) {
  // @ts-expect-error nobody inserts
  database.insert(authUser)
  // @ts-expect-error nobody updates
  database.update(authUser)
  // @ts-expect-error nobody deletes
  database.delete(authUser)
}

main()
