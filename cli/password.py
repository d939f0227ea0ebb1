"""`whistle password`: the hash of a password, for a person's account in the identities file."""

import click

MIN_PASSWORD = 12


@click.command()
def password() -> None:
    """Ask for a password twice and print the line for the person's account in identities.yaml."""
    from argon2 import PasswordHasher

    chosen: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    if len(chosen) < MIN_PASSWORD:
        raise click.ClickException(f"the password has {len(chosen)} characters; choose one of at least {MIN_PASSWORD}")
    click.echo(f'password_argon2: "{PasswordHasher().hash(chosen)}"')
