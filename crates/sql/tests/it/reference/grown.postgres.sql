alter table "user" add column "nick" text;

alter table "user" add column "locale" text default 'd''accord' not null;

alter table "user" add column "credits" integer default 3 not null;

alter table "user" add column "vip" boolean default false;

alter table "user" add column "seenAt" timestamptz default CURRENT_TIMESTAMP;

alter table "user" add column "mentor" text references "user" ("id") on delete cascade;

create table "rateLimit" ("id" text not null primary key, "key" text not null unique, "count" integer not null, "lastRequest" bigint not null);

create unique index "user_nick_uidx" on "user" ("nick");

create index "user_credits_idx" on "user" ("credits");
