"""The command line. Everything slow to import is imported by the command that needs it."""

import shlex
import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from arlarena_bench.console import (
    Jobs,
    Json,
    LauncherName,
    LauncherSettings,
    Settings,
    interruptible,
    print_json,
    say,
    single_thread,
    stderr,
    warn,
    warn_all,
)
from arlarena_bench.errors import ArenaError, ArenaWarning
from arlarena_bench.export import export_command
from arlarena_bench.harness import data_commands, report_commands
from arlarena_bench.harness.play_command import play
from arlarena_bench.report import comparison
from arlarena_bench.scaffold import new_commands
from arlarena_bench.site.site_command import site
from arlarena_bench.submission import commands

if TYPE_CHECKING:
    from arlarena_bench.report.table import Table

USER_ERROR = 2


class _Commands(typer.core.TyperGroup):
    """Commands whose errors are a line, and whose interruption says how to go on."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except ArenaError as error:
            typer.secho(f"error: {error}", fg="red", err=True)
            raise typer.Exit(USER_ERROR) from None


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Measure policy-optimisation methods for LLM agents.",
)

Preset = Annotated[str, typer.Option(help="Preset by name, or a recipe's .yaml file.")]
Env = Annotated[str, typer.Option("--env", help="Environment by short name or id.")]
ENDPOINT = "For openai:MODEL, whose --out is a folder; what it holds is not asked for again"
Track = Annotated[
    list[str] | None,
    typer.Option("--track", help="Mirror metrics to tensorboard, trackio or wandb."),
]
StopOnCollapse = Annotated[
    bool, typer.Option("--stop-on-collapse", help="End a run when its policy has collapsed.")
]


@app.command()
def bench(
    context: typer.Context,
    preset: Preset = comparison.DEFAULT_PRESET,
    env: Env = comparison.DEFAULT_ENVIRONMENT,
    suite: Annotated[
        str | None, typer.Option(help="A preset over all its environments, in place of --env.")
    ] = None,
    method: Annotated[
        str, typer.Option(help="Names, files and controls, separated by commas; or `all`.")
    ] = ",".join(comparison.DEFAULT_METHODS),
    seeds: Annotated[int, typer.Option(min=1, help="Training seeds a method.")] = (
        comparison.DEFAULT_SEEDS
    ),
    out: Annotated[Path, typer.Option(help="Folder for all runs.")] = Path("runs/bench"),
    jobs: Jobs = 0,
    launcher: LauncherName = "local",
    launcher_settings: LauncherSettings = None,
    stop_on_collapse: StopOnCollapse = False,
    track: Track = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Train methods side by side, and print the table."""
    for other in ("env", "preset"):
        source = context.get_parameter_source(other)
        if suite and source and source.name != "DEFAULT":
            raise ArenaError(
                f"--suite and --{other} exclude each other: --suite {suite} runs preset {suite} in "
                "every environment that it has"
            )
    single_thread()
    from arlarena_bench.harness.bench import run_bench
    from arlarena_bench.harness.launcher import launcher_named
    from arlarena_bench.harness.plan import Request, jobs_of, plan, plan_suite
    from arlarena_bench.harness.references import write_references
    from arlarena_bench.report.writing import write_report
    from arlarena_bench.tracking.trackers import check_trackers

    check_trackers(track or ())
    launch = launcher_named(launcher, launcher_settings or ())
    methods = tuple(name.strip() for name in method.split(",") if name.strip())
    given = tuple(settings or ())
    shown = tuple(track or ())
    request = Request(suite or preset, env, methods, seeds, out, given, stop_on_collapse, shown)
    plans = plan_suite(request) if suite else (plan(request),)
    for planned in plans:
        _say_left_out(planned.left_out, f"{planned.folder.name}: " if suite else "")
    reports = []
    with interruptible("the same command goes on from here"):
        failures = run_bench(jobs_of(plans), jobs, stderr(), launch)
        for planned in plans:
            name = f"{planned.folder.name}: " if suite else ""
            write_references(planned.folder, partial(say, before=name))
            table, command, problems = write_report(planned.folder, planned.command_of)
            reports += [(table, command)] if table else []
            warn_all(problems)
    for failure in failures:
        warn(f"{failure.name} failed: {failure.reason} (log: {failure.log})")
    folder = plans[0].folder.parent if suite else plans[0].folder
    text, data = _reported(reports, folder if suite else None)
    if as_json:
        failed = [{"run": f.name, "reason": f.reason, "log": str(f.log)} for f in failures]
        print_json({**data, "failures": failed})
    elif text:
        typer.echo(f"{text}\n\nwritten to {folder}")
    if failures:
        raise typer.Exit(1)


def _say_left_out(left_out: Mapping[str, str], before: str = "") -> None:
    methods: dict[str, list[str]] = {}
    for method, reason in left_out.items():
        methods.setdefault(reason.removeprefix(f"method {method} "), []).append(method)
    for reason, names in methods.items():
        warn(f"{before}left out: {', '.join(names)}: {reason}")


def _reported(reports: "list[tuple[Table, str]]", suite: Path | None) -> tuple[str, dict[str, Any]]:
    """Return what a bench found as text and as JSON data; a suite is written to its folder."""
    from arlarena_bench.report.overview import overview_json, render_overview
    from arlarena_bench.report.render import render
    from arlarena_bench.report.writing import write_suite

    if not reports:
        return "", {"rows": [], "runs": []}
    if suite is None:
        ((table, command),) = reports
        return render(table, command, "simple", brief=True), table.to_json(command)
    blocks = write_suite(suite, [table for table, _ in reports])
    return render_overview(blocks, "simple", full=False), {"tables": overview_json(blocks)}


@app.command()
def train(
    out: Annotated[Path | None, typer.Option(help="The run's folder.")] = None,
    preset: Preset = comparison.DEFAULT_PRESET,
    recipe: Annotated[
        Path | None,
        typer.Option(help="A run's recipe.yaml, taken as it is, or PRESET.ENVIRONMENT."),
    ] = None,
    env: Env = comparison.DEFAULT_ENVIRONMENT,
    method: Annotated[str | None, typer.Option(help="Name, or a .py file.")] = None,
    seed: Annotated[int | None, typer.Option(min=0)] = None,
    settings: Settings = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with this run.")] = False,
    until: Annotated[
        int | None, typer.Option(min=1, help="Pause after this step; --resume goes on.")
    ] = None,
    stop_on_collapse: StopOnCollapse = False,
    engine: Annotated[str, typer.Option(help="What does the work.")] = "local",
    track: Track = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Say what a real model would need, with --engine verl its command; train nothing.",
        ),
    ] = False,
    gpus: Annotated[
        int, typer.Option(min=1, help="Of each node, for --engine verl and --dry-run.")
    ] = 1,
    nodes: Annotated[int, typer.Option(min=1, help="For --engine verl: how many.")] = 1,
    gpu_memory: Annotated[float, typer.Option(min=1, help="For --dry-run: GiB of each.")] = 80,
    tokenizer: Annotated[
        Path | None, typer.Option(help="For --dry-run: folder of the model's tokenizer.")
    ] = None,
    tied: Annotated[bool, typer.Option("--tied", hidden=True)] = False,
) -> None:
    """Train one method with one seed."""
    single_thread()
    if tied:
        from arlarena_bench.tied import die_with_parent

        die_with_parent()
    from arlarena_bench.engines.engine import Cluster, engine_named
    from arlarena_bench.harness.plan import RunRequest
    from arlarena_bench.harness.progress import step_line
    from arlarena_bench.protocol.making import cautions
    from arlarena_bench.tracking.mirror import showing

    trains = engine_named(engine, Cluster(nodes, gpus))
    request = RunRequest.of(preset, recipe, env, method, seed, settings or ())
    resolved = request.recipe()
    if dry_run and (elsewhere := trains.planned(resolved, out or Path("run"))) is not None:
        typer.echo(elsewhere)
        return
    if dry_run:
        from arlarena_bench.harness.dry_run import DryRun, Machine

        planned = DryRun(resolved, Machine(gpus, gpu_memory), tokenizer)
        typer.echo(planned.text())
        planned.check_fits()
        return
    if out is None:
        raise ArenaError("a run needs a folder: --out FOLDER")
    warn_all(cautions(resolved))
    console = stderr()

    def on_step(metrics: dict[str, float]) -> None:
        console.print(step_line(metrics), highlight=False, soft_wrap=True)
        show(metrics)

    with (
        interruptible("add --resume to go on from here"),
        showing(track or (), resolved, out, warn) as show,
    ):
        if until is not None:
            trains.train_until(resolved, out, until, resume=resume, on_step=on_step, warn=warn)
            typer.echo(f"paused after step {until}; --resume goes on: {out}")
            return
        result = trains.train(
            resolved,
            out,
            resume=resume,
            stop_on_collapse=stop_on_collapse,
            on_step=on_step,
            warn=warn,
            command=request.line(),
        )
    typer.echo(f"success {result.main.summary.success:.1%} on {result.panel.name}: {out}")


@app.command()
def tune(
    preset: Preset = comparison.DEFAULT_PRESET,
    env: Env = comparison.DEFAULT_ENVIRONMENT,
    out: Annotated[Path, typer.Option(help="Folder for all runs.")] = Path("runs/tune"),
    jobs: Jobs = 0,
    launcher: LauncherName = "local",
    launcher_settings: LauncherSettings = None,
    settings: Settings = None,
    as_json: Json = False,
) -> None:
    """Run a preset's grid, and choose each method's values on the validation panel."""
    single_thread()
    from arlarena_bench.harness import tuning
    from arlarena_bench.harness.bench import run_bench
    from arlarena_bench.harness.launcher import launcher_named

    launch = launcher_named(launcher, launcher_settings or ())
    grid = tuning.read_grid(preset, env, out, settings or ())
    _say_left_out(grid.left_out)
    with interruptible("the same command goes on from here"):
        judgement, failures = tuning.tune(
            grid, lambda planned: run_bench(planned, jobs, stderr(), launch)
        )
    for failure in failures:
        warn(f"{failure.name} failed: {failure.reason} (log: {failure.log})")
    if judgement is None:
        raise typer.Exit(1)
    record, tuned = tuning.write_judgement(grid, judgement)
    if as_json:
        print_json(judgement)
    else:
        typer.echo(f"{tuning.judgement_table(judgement)}\n\nwritten to {record} and {tuned}")


@app.command()
def starts(
    preset: Preset = comparison.DEFAULT_PRESET,
    env: Env = comparison.DEFAULT_ENVIRONMENT,
    seeds: Annotated[int, typer.Option(min=1, help="How many, from seed 0 on.")] = 10,
    out: Annotated[Path | None, typer.Option(help="Folder for the set; else compare only.")] = None,
) -> None:
    """Clone a preset's start policies again, and compare them with those that ship."""
    single_thread()
    from arlarena_bench.harness.start_making import make_starts
    from arlarena_bench.training.start_set import read_set

    differing = False
    for made in make_starts(preset, env, seeds, out):
        typer.echo(made)
        differing |= made.shipped not in (None, made.sha256)
    if out is not None:
        typer.echo(
            f"written to {out}; a recipe names the set by start.frozen={read_set(out).digest}"
        )
    if differing:
        raise typer.Exit(1)


@app.command()
def evaluate(
    policy: Annotated[
        str,
        typer.Argument(
            help="Folder of a run or model, hub id, openai:MODEL, oracle, expert, random, null."
        ),
    ],
    preset: Preset = comparison.DEFAULT_PRESET,
    env: Env = comparison.DEFAULT_ENVIRONMENT,
    split: Annotated[str, typer.Option(help="validation or test.")] = "test",
    tasks: Annotated[int | None, typer.Option(min=1, help="Only the panel's first tasks.")] = None,
    decoder: Annotated[
        str | None,
        typer.Option(help="One of the recipe's (paper, t1, greedy), or all; its headline if none."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Also write the result with every reply to this file.")
    ] = None,
    settings: Settings = None,
    as_json: Json = False,
    base_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible server's.", rich_help_panel=ENDPOINT)
    ] = None,
    key_from: Annotated[
        str | None,
        typer.Option(help="Variable with the key; OPENAI_API_KEY.", rich_help_panel=ENDPOINT),
    ] = None,
    concurrency: Annotated[
        int, typer.Option(min=1, help="Requests in flight.", rich_help_panel=ENDPOINT)
    ] = 8,
    max_requests: Annotated[
        int | None, typer.Option(min=1, help="Most requests.", rich_help_panel=ENDPOINT)
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option(min=1, help="Most tokens.", rich_help_panel=ENDPOINT)
    ] = None,
    max_cost: Annotated[
        float | None, typer.Option(min=0, help="Most money.", rich_help_panel=ENDPOINT)
    ] = None,
    price: Annotated[
        str | None,
        typer.Option(help="Of a million prompt,reply tokens: 0.5,1.5", rich_help_panel=ENDPOINT),
    ] = None,
    tries: Annotated[int, typer.Option(min=1, help="Of a request.", rich_help_panel=ENDPOINT)] = 6,
    backoff: Annotated[
        float, typer.Option(min=0, help="Seconds before the second.", rich_help_panel=ENDPOINT)
    ] = 1.0,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds a request.", rich_help_panel=ENDPOINT)
    ] = 600.0,
) -> None:
    """Score a policy on a frozen panel."""
    single_thread()
    from arlarena_bench.harness.endpoint_scoring import (
        PREFIX,
        EndpointRequest,
        default_folder,
        score_endpoint,
        usage_lines,
    )
    from arlarena_bench.harness.scoring import score_policy, scores_table
    from arlarena_bench.record import write_result

    line = ["arlarena", "evaluate", policy, "--preset", preset, "--env", env, "--split", split]
    line += [] if tasks is None else ["--tasks", str(tasks)]
    line += [] if decoder is None else ["--decoder", decoder]
    given = settings or []
    line += [word for setting in given for word in ("--set", setting)]
    request = EndpointRequest(
        base_url,
        key_from,
        concurrency,
        max_requests,
        max_tokens,
        max_cost,
        price,
        tries,
        backoff,
        timeout,
    )

    if policy.startswith(PREFIX):
        folder = out or default_folder(policy, preset, env)
        with interruptible("the same command goes on from here"):
            result = score_endpoint(
                policy,
                request,
                folder,
                preset,
                env,
                split,
                tasks,
                decoder=decoder,
                settings=given,
                console=stderr(),
                warn=warn,
                command=shlex.join([*line, *request.words()]),
            )
    else:
        if idle := request.words():
            raise ArenaError(f"{idle[0]} is for openai:MODEL alone")
        result = score_policy(
            policy, preset, env, split, tasks, warn, shlex.join(line), decoder, given
        )
        if out is not None:
            write_result(out, result)
    if as_json:
        episodes = {"scores": {"__all__": {"episodes"}}}
        print_json(result.model_dump(mode="json", exclude=episodes))
    else:
        typer.echo("\n".join([scores_table(result), *usage_lines(result)]))
    if any(score.failed for score in result.scores.values()):
        raise typer.Exit(1)


app.command()(report_commands.table)
app.command()(report_commands.reproduce)
app.command()(report_commands.plot)
app.command()(data_commands.demos)
app.command()(data_commands.clone)
app.command()(play)
app.command()(commands.submit)
app.command()(commands.verify)
app.command()(export_command.export)
app.add_typer(new_commands.app, name="new")
app.command()(site)


@app.command("list")
def list_installed(as_json: Json = False) -> None:
    """List installed methods, environments and presets."""
    from arlarena_bench.harness.listing import inventory, listing

    found = inventory()
    if as_json:
        print_json(found)
    else:
        typer.echo(listing(found))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Say what is installed, what works here, and what to install."""
    from dataclasses import asdict

    from arlarena_bench.harness.doctor import examine, report

    checks = list(examine())
    if as_json:
        print_json([asdict(check) for check in checks])
    else:
        typer.echo(report(checks))
    if any(check.ok is False for check in checks):
        raise typer.Exit(1)


def main() -> None:
    """Run the command line."""
    warnings.simplefilter("ignore", ArenaWarning)  # said in lines of the commands' own
    app()
