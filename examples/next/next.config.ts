import type { NextConfig } from "next"

const AUTH = process.env.AUTH_SERVER_URL ?? "http://127.0.0.1:4000"
const BACKEND = process.env.BACKEND_SERVER_URL ?? "http://127.0.0.1:8000"

// Browsers see one origin, so cookies are first-party and there is no CORS. `next build` writes the
// destinations down: after a change of either address, build again.
const config: NextConfig = {
  async rewrites() {
    return [
      { source: "/api/auth/:path*", destination: `${AUTH}/api/auth/:path*` },
      { source: "/auth/:path*", destination: `${AUTH}/auth/:path*` },
      { source: "/api/backend/:path*", destination: `${BACKEND}/:path*` },
    ]
  },
  poweredByHeader: false,
}

export default config
