-- What a device itself says that a change would do to it, beside the diff that we make.

ALTER TABLE changes ADD COLUMN device_diff TEXT NOT NULL DEFAULT '';
