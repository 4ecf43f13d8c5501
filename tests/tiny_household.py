"""The smallest household with everything the engine is asked to read."""

from typing import Any

DOMAIN = """
; Comments end with the line (.
(define (domain tiny)
  (:requirements :adl :typing :action-costs)
  (:types agent place receptacle object kind)
  (:predicates
    (at ?a - agent ?p - place) (stands ?r - receptacle ?p - place) (in ?o - object ?r - receptacle)
    (openable ?r - receptacle) (opened ?r - receptacle) (holds ?a - agent ?o - object)
    (busy ?a - agent) (is ?o - object ?k - kind) (lit ?o - object) (checked ?x - object))
  (:functions (total-cost) - number)

  (:action look :parameters (?a - agent) :precondition () :effect (checked ?a))
  (:action go
    :parameters (?a - agent ?from - place ?to - place ?r - receptacle)
    :precondition (and (at ?a ?from) (stands ?r ?to))
    :effect (and (not (at ?a ?from)) (at ?a ?to) (increase (total-cost) 1)))
  (:action open
    :parameters (?a - agent ?r - receptacle)
    :precondition (and (openable ?r) (not (opened ?r))
                       (exists (?p - place) (and (at ?a ?p) (stands ?r ?p))))
    :effect (opened ?r))
  (:action take
    :parameters (?a - agent ?o - object ?r - receptacle ?p - place)
    :precondition (and (at ?a ?p) (stands ?r ?p) (in ?o ?r) (not (busy ?a))
                       (or (not (openable ?r)) (opened ?r)))
    :effect (and (holds ?a ?o) (busy ?a) (not (in ?o ?r))))
  (:action put
    :parameters (?a - agent ?o - object ?r - receptacle ?p - place)
    :precondition (and (at ?a ?p) (stands ?r ?p) (holds ?a ?o)
                       (imply (openable ?r) (opened ?r)))
    :effect (and (in ?o ?r) (not (holds ?a ?o)) (not (busy ?a))))
  (:action switch
    :parameters (?a - agent ?o - object)
    :precondition (and (holds ?a ?o) (is ?o lamp))
    :effect (and (when (lit ?o) (not (lit ?o))) (when (not (lit ?o)) (lit ?o)))))
"""

PROBLEM = """
(define (problem tiny-1)
  (:domain tiny)
  (:objects me - agent p0 p1 p2 - place lamp mug - kind
    Fridge_bar_1 Table_bar_1 Table_bar_2 - receptacle Lamp_bar_1 Mug_bar_1 Mug_bar_2 - object)
  (:init
    (= (total-cost) 0) (at me p0)
    (stands Fridge_bar_1 p1) (stands Table_bar_1 p2) (stands Table_bar_2 p2)
    (openable Fridge_bar_1) (in Mug_bar_1 Fridge_bar_1) (in Mug_bar_2 Table_bar_1)
    (in Lamp_bar_1 Table_bar_1) (is Lamp_bar_1 lamp) (is Mug_bar_1 mug) (is Mug_bar_2 mug))
  (:goal (exists (?o - object ?r - receptacle)
    (and (is ?o mug) (in ?o ?r) (openable ?r) (not (= ?o Mug_bar_1))))))
"""

GRAMMAR = '''
# Comments here begin with a hash.
grammar :: """
    {
        "intro": [{"rhs": "  Hello.\\n\\n#task#"}],
        "task": [{"rhs": "Your task is to: put the other mug in the fridge."}],
        "around": [
            {"condition": "at(a:agent, p:place) & stands(r:receptacle, p:place)",
             "rhs": "You face [{r.name | at(a:agent, p:place) & stands(r:receptacle, p:place)}]."},
            {"rhs": "You see [{r.indefinite + ' ' + r.name | stands(r:receptacle, p:place)}]."}
        ],
        "contents": [
            {"condition": "openable(r:receptacle) & opened(r:receptacle)",
             "rhs": "Open: [{#one(o)# | in(o:object, r:receptacle)}]."},
            {"condition": "openable(r:receptacle)", "rhs": "The {r.name} is closed."},
            {"rhs": "On it: [{#one(o)# | in(o:object, r:receptacle)}]."}
        ],
        "one(o)": [{"rhs": "{o.indefinite} {o.name or o.id}"}],
        "list_empty": [{"rhs": "nothing"}],
        "list_separator": [{"rhs": ", "}],
        "list_last_separator": [{"rhs": ", and "}]
    }
""";
action look { template :: "look"; feedback :: "#around#"; }
action go { template :: "go to {r}"; feedback :: "You are at {r.name}. #contents#"; }
action open { template :: "open {r}"; feedback :: "#contents#"; }
action take { template :: "take {o} from {r}"; feedback :: "#taking#";
    grammar :: """
        # The name of a receptacle that was left is known from a fact that is no more.
        {"taking": [{"rhs": "You take the {o.name}[{r.name | not_in(o:object, r:receptacle)}]."}]}
    """;
}
action put { template :: "move {o} to {r}"; feedback :: "You move the {o.name} to the {r.name}."; }
action switch { template :: "use {o}"; feedback :: "Click."; }
'''


def tiny(**changes: Any) -> dict[str, Any]:
    """Return the game's data, with other values for some keys."""
    data = {
        "pddl_domain": DOMAIN,
        "pddl_problem": PROBLEM,
        "grammar": GRAMMAR,
        "solvable": True,
        "walkthrough": ["go to table 2", "take mug 1 from table 2", "go to fridge 1"],
    }
    return {**data, **changes}
