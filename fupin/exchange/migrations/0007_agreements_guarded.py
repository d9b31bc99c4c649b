"""What the database itself holds to: one agreement a day, terms that stay, a ledger that is only added to; traced.

GiST knows ranges without any extension, text it does not: so giver, taker, data set and region become a hash, and the
hash a range of one number.
"""

from django.db import migrations

ONCE_A_DAY = """
ALTER TABLE exchange_agreement ADD CONSTRAINT agreement_holds_once_a_day EXCLUDE USING gist (
    numrange(
        hashtextextended(giver || '|' || taker || '|' || dataset || '|' || region, 0)::numeric,
        hashtextextended(giver || '|' || taker || '|' || dataset || '|' || region, 0)::numeric, '[]'
    ) WITH =,
    daterange(valid_from, valid_until, '[]') WITH &&
) WHERE (state = 'in_force');
"""
TERMS_STAY = """
CREATE FUNCTION exchange_agreement_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'an agreement is ended, never deleted';
    END IF;
    IF (OLD.giver, OLD.taker, OLD.dataset, OLD.fields, OLD.purpose, OLD.legal_basis, OLD.region, OLD.valid_from,
        OLD.valid_until) IS DISTINCT FROM (NEW.giver, NEW.taker, NEW.dataset, NEW.fields, NEW.purpose, NEW.legal_basis,
        NEW.region, NEW.valid_from, NEW.valid_until) THEN
        RAISE EXCEPTION 'the terms of an agreement never change: sign another';
    END IF;
    IF OLD.state = 'ended' OR (OLD.state = 'in_force' AND NEW.state = 'draft') THEN
        RAISE EXCEPTION 'an agreement goes from draft to in force to ended, never back';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER agreement_stays BEFORE UPDATE OR DELETE ON exchange_agreement
    FOR EACH ROW EXECUTE FUNCTION exchange_agreement_stays();
"""
ONLY_ADDED = """
CREATE FUNCTION exchange_is_only_added() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is only ever added to: % refused', TG_TABLE_NAME, TG_OP;
END $$;
CREATE TRIGGER entry_is_only_added BEFORE UPDATE OR DELETE ON exchange_exchangeentry
    FOR EACH ROW EXECUTE FUNCTION exchange_is_only_added();
CREATE TRIGGER try_is_only_added BEFORE UPDATE OR DELETE ON exchange_pushtry
    FOR EACH ROW EXECUTE FUNCTION exchange_is_only_added();
"""
UNDO = """
ALTER TABLE exchange_agreement DROP CONSTRAINT agreement_holds_once_a_day;
DROP TRIGGER agreement_stays ON exchange_agreement;
DROP TRIGGER entry_is_only_added ON exchange_exchangeentry;
DROP TRIGGER try_is_only_added ON exchange_pushtry;
DROP FUNCTION exchange_agreement_stays, exchange_is_only_added;
"""
TRACE = """
SELECT fupin_trace('exchange_agreement', '{id}'), fupin_trace('exchange_subscription', '{id}'),
       fupin_trace('exchange_exchangeentry', '{id}'), fupin_trace('exchange_push', '{id}', '{}', '{next_at,tries}');
"""


class Migration(migrations.Migration):
    dependencies = [("exchange", "0006_agreements"), ("accounts", "0007_trail")]
    operations = [
        migrations.RunSQL(ONCE_A_DAY + TERMS_STAY + ONLY_ADDED, UNDO),
        migrations.RunSQL(TRACE, migrations.RunSQL.noop),
    ]
