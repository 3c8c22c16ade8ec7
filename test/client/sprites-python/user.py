"""Uses a server by the published library for Python; ends with an error where something is not as it should be."""

import sys

from sprites import ExecError, FileNotFoundError_, NotFoundError, SpritesClient
from sprites.exceptions import SpriteError


def refused(kind, task):
    try:
        task()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was expected")


def records(client, sprite, name):
    assert client.get_sprite(name).name == name
    assert name in [each.name for each in client.list_all_sprites(name)]
    refused(SpriteError, lambda: client.create_sprite(name))
    refused(NotFoundError, lambda: client.get_sprite("never-made"))
    assert list(client.update_sprite(name, labels=["one"]).labels) == ["one"]


def commands(sprite):
    done = sprite.run("sh", "-c", "echo out; echo err >&2; exit 3", capture_output=True)
    assert (done.stdout, done.stderr, done.returncode) == (b"out\n", b"err\n", 3), done
    refused(ExecError, lambda: sprite.run("false", check=True))
    assert sprite.command("echo", "a b").output() == b"a b\n"
    done = sprite.run("sh", "-c", "pwd; echo $COLOUR", capture_output=True, env={"COLOUR": "blue"}, cwd="/home/sprite")
    assert done.stdout.endswith(b"/home/sprite\nblue\n"), done
    done = sprite.run("sh", "-c", "stty size", capture_output=True, tty=True, tty_rows=30, tty_cols=90)
    assert b"30 90" in done.stdout, done
    assert sprite.run("sh", "-c", "seq 1 50000", capture_output=True).stdout.count(b"\n") == 50000
    assert sprite.list_sessions() == []


def files(sprite):
    folder = sprite.filesystem("/home/sprite/work")
    file = folder / "a" / "f.txt"
    file.write_text("hello")
    assert file.read_text() == "hello"
    assert (file.stat().size, file.is_file(), file.exists()) == (5, True, True)
    assert (folder / "a").listdir() == ["f.txt"]
    file.copy_to(folder / "a" / "g.txt")
    (folder / "a" / "g.txt").rename(folder / "a" / "h.txt")
    assert [each.name for each in (folder / "a").iterdir()] == ["f.txt", "h.txt"]
    file.chmod(0o600)
    file.unlink()
    assert not file.exists()
    (folder / "a").rmtree()
    refused(FileNotFoundError_, file.read_text)


def checkpoints(sprite):
    file = sprite.filesystem("/home/sprite") / "f"
    file.write_text("first")
    assert [each.type for each in sprite.create_checkpoint("the first")][-1] == "complete"
    file.write_text("second")
    assert [(each.id, each.comment) for each in sprite.list_checkpoints()] == [("v1", "the first")]
    assert [each.type for each in sprite.restore_checkpoint("v1")][-1] == "complete"
    assert file.read_text() == "first"
    assert sprite.get_checkpoint("v1").id == "v1"


def services(sprite):
    def types(stream):
        return [each.type for each in stream if each.type not in ("stdout", "stderr")]

    assert sprite.list_services() == []
    script = "echo up; echo bad >&2; exec sleep 1000"
    made = list(sprite.create_service("web", "sh", args=["-c", script], duration=2.0))
    assert sorted((each.type, each.data) for each in made if each.data) == [("stderr", "bad\n"), ("stdout", "up\n")], made
    assert made[-1].type == "complete" and made[-1].log_files["combined"] == "/.sprite/logs/services/web.log", made
    web = sprite.get_service("web")
    assert (web.cmd, web.needs, web.http_port, web.state.status) == ("sh", [], None, "running"), web
    assert web.state.pid and web.state.started_at.year > 2000, web
    assert types(sprite.stop_service("web", timeout=5.0)) == ["stopping", "stopped", "complete"]
    assert [(each.name, each.state.status) for each in sprite.list_services()] == [("web", "stopped")]
    refused(SpriteError, lambda: sprite.stop_service("web"))
    assert types(sprite.start_service("web", duration=0.5)) == ["started", "complete"]
    sprite.signal_service("web", "CONT")
    refused(SpriteError, lambda: sprite.signal_service("web", "NOPE"))
    sprite.delete_service("web")
    assert refused(SpriteError, lambda: sprite.get_service("web")).status_code == 404


def main(url, token, name):
    with SpritesClient(token=token, base_url=url) as client:
        sprite = client.create_sprite(name)
        records(client, sprite, name)
        commands(sprite)
        files(sprite)
        checkpoints(sprite)
        services(sprite)
        sprite.delete()
        refused(NotFoundError, lambda: client.get_sprite(name))


main(*sys.argv[1:])
