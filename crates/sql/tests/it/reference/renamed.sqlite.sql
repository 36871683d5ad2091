create table "people" ("id" text not null primary key, "name" text not null, "email_address" text not null unique, "emailVerified" integer not null, "image" text, "created_at" date not null, "updatedAt" date not null, "plan" text, "score" bigint, "tags" text, "set""tings" text, "manager" text references "people" ("id") on delete set null);

create table "log ins" ("id" text not null primary key, "expiresAt" date not null, "token" text not null unique, "createdAt" date not null, "updatedAt" date not null, "ipAddress" text, "userAgent" text, "user_id" text not null references "people" ("id") on delete cascade);

create table "account" ("id" text not null primary key, "accountId" text not null, "providerId" text not null, "userId" text not null references "people" ("id") on delete cascade, "accessToken" text, "refreshToken" text, "idToken" text, "accessTokenExpiresAt" date, "refreshTokenExpiresAt" date, "scope" text, "password" text, "createdAt" date not null, "updatedAt" date not null);

create table "verification" ("id" text not null primary key, "identifier" text not null, "value" text not null, "expiresAt" date not null, "createdAt" date not null, "updatedAt" date not null);

create table "rateLimit" ("id" text not null primary key, "key" text not null unique, "count" integer not null, "lastRequest" bigint not null);

create index "people_manager_idx" on "people" ("manager");

create index "log ins_user_id_idx" on "log ins" ("user_id");

create index "account_userId_idx" on "account" ("userId");

create index "verification_identifier_idx" on "verification" ("identifier");
