"""Files and folders of a mount point brought to a folder of this machine, some at once."""

import re
import threading
from collections import deque
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Self
from urllib.parse import unquote

from terraform_provider_veeam.em import background, errors, models
from terraform_provider_veeam.em.deadline import Deadline
from terraform_provider_veeam.em.files.destination import Destination
from terraform_provider_veeam.em.files.download import Downloaded
from terraform_provider_veeam.em.files.left_out import LeftOut, concerns_all, in_lines
from terraform_provider_veeam.em.files.listing import Files
from terraform_provider_veeam.em.files.overwrite import Act, Overwrite, Target
from terraform_provider_veeam.em.files.paths import address_of
from terraform_provider_veeam.em.files.plan import Part, Plan, Planned, Planner
from terraform_provider_veeam.em.files.progress import Progress
from terraform_provider_veeam.em.files.restore import FileRestores
from terraform_provider_veeam.em.polling import TELL_SECONDS
from terraform_provider_veeam.masking import printable

_AHEAD = 16  # files that are made ready before it is their turn


class Transfer:
    """Downloads from one mount point to one folder; as a `with` block it leaves nothing going."""

    def __init__(
        self,
        files: Files,
        restores: FileRestores,
        destination: Destination,
        deadline: Deadline,
        *,
        point: str | None = None,
        keep_folders: bool = False,
        overwrite: Overwrite | None = None,
        resume: bool = False,
        parallelism: int = 8,
    ) -> None:
        """With `keep_folders` a file goes where its path leads; `resume` leaves a beginning."""
        self._files = files
        self._restores = restores
        self._destination = destination
        self.deadline = deadline
        self._resume = resume
        self._parallelism = parallelism
        self.progress = Progress(deadline.clock)
        self._planner = Planner(
            files,
            destination,
            deadline,
            self.progress,
            point=point,
            keep_folders=keep_folders,
            overwrite=overwrite,
        )
        self.left = self._planner.left  # not fetched, because of what is in their destination
        self.downloaded: list[Downloaded] = []  # in the order of their plans
        self.replaced: list[Planned] = []  # those among them that took the place of another
        self._fetches: list[_Fetch] = []
        self._queue: deque[_Job] = deque()  # what is still to be fetched, the smallest first
        self._pool: ThreadPoolExecutor | None = None
        self._failure: Exception | None = None  # what ends all

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Give up what still goes on, and wait for its end."""
        self._fail(errors.Stopped(f"{self.deadline.operation} was given up"))
        self._join()

    def plan(self, path: str) -> Generator[str, None, Plan]:
        """Return what a path or pattern stands for, with its folders made here; yields progress."""
        plan = yield from background.in_background(
            lambda: self._planner.plan(path), TELL_SECONDS, self._progress
        )
        fetch = _Fetch(plan)
        for part in () if self._destination.dry_run else plan.parts:
            preparation = _Preparation(part, self)
            fetch.jobs += [_Job(file, preparation, fetch) for file in part.files]
        self._fetches.append(fetch)
        return plan

    def fetch(self, plan: Plan) -> Generator[str, None, None]:
        """Download what was planned; yields progress. Raises SomeLeftOut, and what concerns all."""
        if self._pool is None:
            self._start()
        fetch = next(one for one in self._fetches if one.plan is plan)
        while fetch.left and not self._failure and not fetch.is_over.wait(TELL_SECONDS):
            yield self._progress()
        if fetch.left:
            self._join()
        for job in fetch.jobs:
            if isinstance(job.outcome, Downloaded):
                self.downloaded.append(job.outcome)
                self.replaced += [job.file] if job.file.verdict.act is Act.REPLACE else []
        if fetch.left and self._failure:
            raise fetch.broken_off(self._failure)
        if left_out := fetch.left_out():
            is_dry = self._destination.dry_run
            raise errors.SomeLeftOut(
                "Not everything would be downloaded" if is_dry else "Not everything was downloaded",
                f"Of {printable(plan.path)} this did not come:\n{in_lines(left_out)}",
            )

    def _progress(self) -> str:
        return "; ".join(self.progress.texts())

    def _start(self) -> None:
        """Begin to fetch all that is planned."""
        self._pool = ThreadPoolExecutor(self._parallelism, thread_name_prefix="download")
        jobs = [job for fetch in self._fetches for job in fetch.jobs]
        self._queue.extend(sorted(jobs, key=lambda job: job.size))
        for number in range(min(self._parallelism, len(jobs))):
            # Half of them begin with the largest. So no small one waits for a large one, and the
            # last ones are not the large ones alone.
            take = self._queue.pop if number % 2 else self._queue.popleft
            try:
                background.start_thread(partial(self._pool.submit, self._work, take))
            except errors.Unreachable:
                if number:
                    break
                raise

    def _work(self, take: "Callable[[], _Job]") -> None:
        """Fetch one file after the other, until there is none left."""
        with suppress(IndexError):
            while True:
                job = take()
                job.preparation.begin()
                self._begin_ahead()
                try:
                    job.finish(self._fetch_file(job))
                except Exception as error:  # noqa: BLE001 - `fetch` raises it
                    if not isinstance(error, errors.EnterpriseManagerError) or concerns_all(error):
                        self._fail(error)
                    else:
                        job.finish(error)

    def _fail(self, error: Exception) -> None:
        """End all that goes on because of an error, if it is the first one."""
        self._failure = self._failure or error
        self._queue.clear()
        for fetch in self._fetches:
            fetch.is_over.set()

    def _join(self) -> None:
        if self._pool:
            self._pool.shutdown()

    def _begin_ahead(self) -> None:
        """Ask for the next files to be made ready: that takes its time, side by side."""
        with suppress(IndexError):
            for number in range(_AHEAD):
                preparation = self._queue[number].preparation
                if preparation.part.is_file:
                    preparation.begin()

    def _fetch_file(self, job: "_Job") -> Downloaded:
        entry, place, source, verdict = job.file
        target = job.preparation.targets().get(address_of(entry.path))
        with self.progress.fetching(entry) as count, self._destination.opened(place) as folder:

            def report(size: int) -> None:
                if self._failure:
                    raise errors.Stopped(f"{self.deadline.operation} was given up")
                count(size)

            resume = self._resume and entry.size is not None
            done = self._restores.download(
                target or f"{self._files.address(entry.path)}?action=download",
                self.deadline,
                source=source,
                target=Target(folder, place, self._destination.manifest, verdict.found, resume),
                report=report,
            )
        self.progress.come(done.size)
        return done

    def begin(self, path: str) -> models.Task:
        """Ask for a file or a folder to be made ready."""
        return self._restores.begin(self._files, path, self.deadline)

    def wait_for(self, path: str, task: models.Task) -> list[str]:
        """Wait until it is ready; returns the addresses that the server gives."""
        targets: list[str] = []
        with self.progress.during(f"preparing {path}") as tell:
            for progress in self._restores.finish(self._files, path, task, self.deadline, targets):
                tell(f"preparing {path} ({progress})")
        return targets


class _Preparation:
    """A part that the server makes ready: asked for once, and waited for once, by many threads."""

    def __init__(self, part: Part, transfer: Transfer) -> None:
        self.part = part
        self._transfer = transfer
        self._lock = threading.Lock()
        self._task: models.Task | None = None
        self._targets: Mapping[str, str] | None = None
        self.error: errors.EnterpriseManagerError | None = None  # why it can't be made ready

    def begin(self) -> None:
        """Ask for it, if nobody has done so."""
        if self._lock.acquire(blocking=False):
            try:
                self._begin()
            finally:
                self._lock.release()

    def targets(self) -> Mapping[str, str]:
        """Return the addresses that the server gives, by the addresses of files in the guest."""
        with self._lock:
            self._begin()
            if self._targets is None and self._task and not self.error:
                try:
                    told = self._transfer.wait_for(self.part.path, self._task)
                    self._targets = _targets(told, self.part)
                except errors.EnterpriseManagerError as error:
                    self.error = error
            if self.error:
                raise self.error
            return self._targets or {}

    def _begin(self) -> None:
        if not self._task and not self.error:
            try:
                self._task = self._transfer.begin(self.part.path)
            except errors.EnterpriseManagerError as error:
                self.error = error


class _Job:
    """A file that is fetched, and what came of it."""

    def __init__(self, file: Planned, preparation: _Preparation, fetch: "_Fetch") -> None:
        self.file = file
        self.preparation = preparation
        self.outcome: Downloaded | errors.EnterpriseManagerError | None = None
        self._fetch = fetch

    @property
    def size(self) -> float:
        """Bytes; infinite where the server does not tell."""
        size = self.file.entry.size
        return float("inf") if size is None else size

    def finish(self, outcome: Downloaded | errors.EnterpriseManagerError) -> None:
        """Note what came of it."""
        self.outcome = outcome
        self._fetch.take_note()


class _Fetch:
    """The files of one plan."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.jobs: list[_Job] = []
        self.is_over = threading.Event()
        self._lock = threading.Lock()
        self._finished = 0

    @property
    def left(self) -> int:
        """How many files are not finished."""
        return len(self.jobs) - self._finished

    def take_note(self) -> None:
        """Count a file that is finished."""
        with self._lock:
            self._finished += 1
        if not self.left:
            self.is_over.set()

    def left_out(self) -> list[LeftOut]:
        """Return what did not come. Raises an error about the path that was asked for itself."""
        found = dict.fromkeys(self.plan.left_out)
        for job in self.jobs:
            if isinstance(job.outcome, errors.EnterpriseManagerError):
                failed = job.preparation.part if job.preparation.error else job.file.entry
                if failed.path == self.plan.path:
                    raise self.broken_off(job.outcome)
                found[LeftOut.by(failed.path, job.outcome)] = None
        return list(found)

    def broken_off(self, error: Exception) -> Exception:
        """Return an error that ended it, with what was not downloaded."""
        missing = (job for job in self.jobs if not isinstance(job.outcome, Downloaded))
        whole, rest = printable(self.plan.path), [printable(job.file.entry.path) for job in missing]
        if isinstance(error, errors.EnterpriseManagerError) and rest != [whole]:
            error.add(f"Of {whole} these were not downloaded:\n{in_lines(rest)}")
        return error


def _targets(targets: list[str], part: Part) -> dict[str, str]:
    """Return the server's addresses by those in the guest; one that fits several is none."""
    if len(targets) == 1 and part.is_file:
        return {address_of(part.path): targets[0]}
    found: dict[str, list[str]] = {}
    for target in targets:
        path = re.split(r"(?i)/mounts/\d+/", unquote(target.partition("?")[0]), maxsplit=1)[-1]
        found.setdefault(address_of(path), []).append(target)
    return {address: same[0] for address, same in found.items() if len(same) == 1}
