const SERVER = process.env.AUTH_SERVER_URL ?? "http://127.0.0.1:4000";
const BASE_PATH = "/api/auth";

const FORWARDED = ["cookie", "authorization", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto"];

export type User = {
  id: string;
  name: string;
  email: string;
  emailVerified: boolean;
  image?: string | null;
  createdAt: string;
  updatedAt: string;
};

export type Session = {
  id: string;
  userId: string;
  token: string;
  expiresAt: string;
  createdAt: string;
  updatedAt: string;
  ipAddress?: string | null;
  userAgent?: string | null;
};

/** The auth server for server code. */
export const auth = {
  api: {
    /** `null` is a guest. Throws when the auth server cannot tell. */
    async getSession({ headers }: { headers: Headers }): Promise<{ user: User; session: Session } | null> {
      const forwarded = new Headers();
      for (const name of FORWARDED) {
        const value = headers.get(name);
        if (value) forwarded.set(name, value);
      }
      // A page cannot set cookies, so the browser keeps the one it has.
      const response = await fetch(`${SERVER}${BASE_PATH}/get-session?disableRefresh=true`, {
        headers: forwarded,
        cache: "no-store",
      });
      if (!response.ok) throw new Error(`The auth server answered ${response.status}`);
      return response.json();
    },
  },
};
