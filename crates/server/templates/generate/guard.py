class AuthTableIsReadOnly(Exception):
    """Somebody tried to write a table of the auth server; ask the auth server to do it."""


@sa.event.listens_for(sa.Engine, "before_execute")
def refuse_to_write(connection, statement, multiparams, params, execution_options):
    table = getattr(statement, "table", None) if isinstance(statement, sa.UpdateBase) else None
    if getattr(table, "metadata", None) is AuthTable.metadata:
        raise AuthTableIsReadOnly(f"{table.name!r} is written by the auth server alone")
