"""A deed, once written, can be neither changed nor removed: the database refuses."""

from django.db import migrations

REFUSE = """
CREATE FUNCTION accounts_deed_is_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'deeds are only ever added: % refused', TG_OP;
END $$;
CREATE TRIGGER deed_is_only_added BEFORE UPDATE OR DELETE ON accounts_deed
    FOR EACH ROW EXECUTE FUNCTION accounts_deed_is_only_added();
"""
ALLOW = """
DROP TRIGGER deed_is_only_added ON accounts_deed;
DROP FUNCTION accounts_deed_is_only_added();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(REFUSE, ALLOW)]
