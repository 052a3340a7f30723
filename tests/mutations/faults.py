"""The faults: what is put in place of what, and the tests that have to notice."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One change of one file of the provider that breaks what a test names."""

    what: str
    file: str
    before: str
    after: str
    tests: str


_JAR = "vars(trust).setdefault('jar', requests.cookies.RequestsCookieJar())"
_SEND = """data=body).prepare()
            response = self._adapter.send(
                request,
                stream=True,
                timeout=timeout,
                proxies=get_environ_proxies(url, no_proxy=None),
            )
            try:
"""

FAULTS = (
    Fault(
        "a cookie that the server sets is sent back",
        "em/http/transport.py",
        _SEND,
        _SEND.replace(
            "data=body",
            f"data=body, cookies={_JAR}",
        ).replace(
            "            try:\n",
            "            trust.jar.update(response.cookies)\n            try:\n",
        ),
        "em/http",
    ),
    Fault(
        "a wait is deaf to a stop",
        "em/deadline.py",
        "self.clock.wait(self.stop, min(seconds, self.remaining()))",
        "self.clock.wait(threading.Event(), min(seconds, self.remaining()))",
        "em/test_deadline.py",
    ),
    Fault(
        "waiting for a lock is deaf to a stop",
        "em/deadline.py",
        "while not lock.acquire(timeout=_SLICE):\n            self.check()",
        "lock.acquire()",
        "em/test_deadline.py em/test_logon.py",
    ),
    Fault(
        "the failure of an unmount's task is ignored",
        "em/mounts/existing.py",
        "if task.success is False:",
        "if task.success is None:",
        "em/mounts",
    ),
    Fault(
        "an unmount whose task has vanished counts as done",
        "em/mounts/existing.py",
        "            # It may have finished: whether the mount point is there tells.\n"
        "            self._wait_until_gone(href, deadline)\n",
        "",
        "em/mounts",
    ),
    Fault(
        "another mount point's answer is taken for the one asked for",
        "em/mounts/existing.py",
        "if told not in (None, mount_id):",
        "if told == object():",
        "em/mounts",
    ),
    Fault(
        "a lost answer is not followed by a look",
        "em/mounts/create.py",
        "if task := self._look(error):",
        "if task := None:",
        "em/mounts",
    ),
    Fault(
        "the request goes out again without a look, and mounts twice",
        "em/mounts/create.py",
        "if self._doubt and (task := self._look(self._doubt)):\n            return task",
        "pass",
        "em/mounts",
    ),
    Fault(
        "a mount that failed leaves its session behind",
        "em/mounts/create.py",
        "persist(lambda: self._logon.end(self._session, bound), bound)",
        "pass",
        "em/mounts",
    ),
    Fault(
        "a mount that was given up leaves its task running",
        "em/mounts/create.py",
        "self._try(lambda: self._cancel(bound), undone, bound)",
        "pass",
        "em/mounts",
    ),
    Fault(
        "one refusal of the token keeps an undone mount's session from being ended",
        "em/mounts/create.py",
        "        except EnterpriseManagerError as failure:\n"
        '            log.info("undoing the mount of',
        "        except SessionExpired:\n"
        "            raise\n"
        "        except EnterpriseManagerError as failure:\n"
        '            log.info("undoing the mount of',
        "em/mounts",
    ),
    Fault(
        "in a borrowed session the first task is taken for ours",
        "em/mounts/create.py",
        "kind = _BorrowedSessionMount if session.borrowed else _OwnSessionMount",
        "kind = _OwnSessionMount",
        "em/mounts",
    ),
    Fault(
        "a task's link to another restore point is believed",
        "em/mounts/create.py",
        "if at != asked and not is_replica:",
        "if at is asked:",
        "em/mounts",
    ),
    Fault(
        "a task that is not found once is given up",
        "em/tasks.py",
        "_LOOKS_FOR_A_MISSING_TASK = 3",
        "_LOOKS_FOR_A_MISSING_TASK = 1",
        "em/test_tasks.py em/mounts",
    ),
    Fault(
        "a task is looked at ever more rarely, without a bound",
        "em/tasks.py",
        "deadline.wait(min(LONGEST_PAUSE, max(FIRST_PAUSE, elapsed * _SHARE)))",
        "deadline.wait(max(FIRST_PAUSE, elapsed * _SHARE))",
        "em/test_tasks.py",
    ),
    Fault(
        "two mounts share a session",
        "em/logon.py",
        "if self._settings.session_token:\n",
        "if self._browsing or self._settings:\n",
        "em/test_logon.py em/mounts",
    ),
    Fault(
        "a refused logon is tried again",
        "em/logon.py",
        "            self._refused = error\n",
        "            del error\n",
        "em/test_logon.py",
    ),
    Fault(
        "a borrowed session is ended",
        "em/logon.py",
        "if session.borrowed or session.session_id is None:",
        "if session.session_id is None:",
        "em/test_logon.py em/mounts",
    ),
    Fault(
        "an id made from the token is not confirmed by the server",
        "em/logon.py",
        "if told and told.lower() == made_from.lower():",
        "if True:",
        "em/test_logon.py",
    ),
    Fault(
        "a password is sent before it is known who is there",
        "em/logon.py",
        "            self._check_server(deadline)\n        session",
        "            pass\n        session",
        "em/test_logon.py",
    ),
    Fault(
        "a POST is sent again after its answer was lost",
        "em/http/client.py",
        "when=again or (may_pass if method in _IDEMPOTENT else never),",
        "when=again or may_pass,",
        "em/http em/mounts",
    ),
    Fault(
        "a request outlives a stop",
        "em/http/client.py",
        "stop=deadline.stop,",
        "stop=type(deadline.stop)(),",
        "em/http",
    ),
    Fault(
        "a proxy's 404 means that a mount is gone",
        "em/http/client.py",
        "if isinstance(refusal, NotFound | SessionExpired) and not self._is_credible(raw):",
        "if False:",
        "em/http em/mounts",
    ),
    Fault(
        "Retry-After is not heeded",
        "em/http/retry.py",
        "pause = error.retry_after",
        "pass",
        "em/http",
    ),
    Fault(
        "a session that has ended is asked again and again",
        "em/http/retry.py",
        "_ANSWERS = (SessionExpired, NotFound, Stopped, DeadlinePassed)",
        "_ANSWERS = (NotFound, Stopped, DeadlinePassed)",
        "em/http em/test_tasks.py em/mounts",
    ),
    Fault(
        "names are told apart by their case",
        "em/http/decoders.py",
        "folded[name.lower()] = _fold",
        "folded[name] = _fold",
        "em contract",
    ),
    Fault(
        "a session of another server is used",
        "sessions/book.py",
        "return found if found and found.base_url == base_url else None",
        "return found",
        "sessions",
    ),
    Fault(
        "what a plan carries for a replacement is not looked at",
        "sessions/book.py",
        "own = SessionRecord.from_bytes(private) or _carried(private, fingerprint)",
        "own = SessionRecord.from_bytes(private)",
        "sessions",
    ),
    Fault(
        "the hand-over stays after it was used",
        "sessions/handover.py",
        "_path(fingerprint).unlink(missing_ok=True)",
        "pass",
        "sessions",
    ),
    Fault(
        "the hand-over can be read by others",
        "sessions/handover.py",
        "os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600",
        "os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644",
        "sessions",
    ),
    Fault(
        "a token that no request can carry is taken from a state",
        "sessions/record.py",
        "if not (isinstance(token, str) and token and token.isascii() and token.isprintable()):",
        "if not isinstance(token, str):",
        "sessions",
    ),
    Fault(
        "a mount point is read only just before its session ends",
        "keep_alive/holder.py",
        "self._idle_limit / 3\n",
        "self._idle_limit * 1.1\n",
        "keep_alive",
    ),
    Fault(
        "a session is held after its mount point is gone",
        "keep_alive/holder.py",
        "return Ending.NO_MOUNT_LEFT",
        "return None",
        "keep_alive",
    ),
    Fault(
        "the keeper says that it is ready before a first read",
        "keep_alive/keeper.py",
        "self.holder.touch(manager, record)",
        "pass",
        "keep_alive",
    ),
    Fault(
        "a second keeper takes the first one's place",
        "keep_alive/sockets.py",
        "os.link(temporary, self._path)",
        "os.replace(temporary, self._path)",
        "keep_alive",
    ),
    Fault(
        "a keeper that has ended already hides why",
        "keep_alive/start.py",
        "with suppress(BrokenPipeError):",
        "with suppress(KeyError):",
        "keep_alive",
    ),
    Fault(
        "an order carries the password",
        "keep_alive/order.py",
        "replace(self.settings, username=None, password=None, session_token=None)",
        "replace(self.settings, session_token=None)",
        "keep_alive",
    ),
    Fault(
        "an error in an apply loses the state",
        "plugin/rpc/resource.py",
        "new_state=request.prior_state, private=request.planned_private",
        "private=request.planned_private",
        "plugin/rpc",
    ),
    Fault(
        "a delete that fails puts what was planned in the place of private state",
        "plugin/rpc/resource.py",
        "if unpack(request.planned_state) is None:",
        "if False:",
        "plugin/rpc",
    ),
    Fault(
        "a second provider block takes the stop away from the calls of the first",
        "plugin/rpc/provider.py",
        "if self.is_configured and self.stop.is_set():",
        "if self.is_configured:",
        "plugin/rpc",
    ),
    Fault(
        "a create begins with what the replaced resource left",
        "plugin/rpc/resource.py",
        'ctx.private = b""  # what came is that of the resource that is replaced',
        "pass",
        "plugin/rpc",
    ),
    Fault(
        "an object may change the state that it was given",
        "plugin/rpc/resource.py",
        "found = resource.read(ctx, deepcopy(current))",
        "found = resource.read(ctx, current)",
        "plugin/rpc",
    ),
    Fault(
        "a stored state of a newer version is read",
        "plugin/rpc/resource.py",
        "if version > newest:",
        "if version > newest + 1:",
        "plugin/rpc",
    ),
    Fault(
        "an exception reaches Terraform bare",
        "plugin/rpc/call.py",
        "if not isinstance(error, Exception):",
        "if True:",
        "plugin/rpc",
    ),
    Fault(
        "a secret is shown in a diagnostic",
        "plugin/rpc/call.py",
        "return diagnostics_to_pb(self.diagnostics, self._mask)",
        "return diagnostics_to_pb(self.diagnostics, str)",
        "plugin",
    ),
    Fault(
        "an unknown value equals another",
        "plugin/wire/planning.py",
        "if has_unknown(before) or has_unknown(after):\n        return True",
        "if has_unknown(before) and has_unknown(after):\n        return False",
        "plugin/wire plugin/rpc",
    ),
    Fault(
        "a socket is made where others may enter",
        "plugin/process/handshake.py",
        "os.mkdir(path, 0o700)",
        "os.mkdir(path, 0o755)",
        "plugin/process",
    ),
    Fault(
        "a launcher is taken for Terraform",
        "platforms.py",
        "while _has_cookie(process) and (parent := _parent_of(process)):",
        "while False and (parent := _parent_of(process)):",
        "test_platforms.py",
    ),
    Fault(
        "the process outlives Terraform",
        "plugin/process/lifetime.py",
        "has_lost_terraform(",
        "(lambda *_: False)(",
        "plugin/process",
    ),
)
