; The household: an agent walks between receptacles, opens them, and moves objects about.
; Predicates and actions are named as ALFWorld names them, so that problems fit either domain.

(define (domain alfred)
  (:requirements :adl :typing)
  ; `object` is PDDL's root type: a variable of that type ranges over everything.
  (:types agent location receptacle object rtype otype)

  (:predicates
    ; where things are
    (atLocation ?a - agent ?l - location)
    (receptacleAtLocation ?r - receptacle ?l - location)
    (objectAtLocation ?o - object ?l - location)
    (inReceptacle ?o - object ?r - receptacle)
    (holds ?a - agent ?o - object)
    (holdsAny ?a - agent)
    ; what things are
    (receptacleType ?r - receptacle ?t - rtype)
    (objectType ?o - object ?t - otype)
    (canContain ?rt - rtype ?ot - otype)
    (openable ?r - receptacle)
    (pickupable ?o - object)
    (isReceptacleObject ?o - object)
    (inReceptacleObject ?inner - object ?outer - object)
    (cleanable ?o - object)
    (heatable ?o - object)
    (coolable ?o - object)
    (toggleable ?o - object)
    (sliceable ?o - object)
    ; what was done to them
    (opened ?r - receptacle)
    (isClean ?o - object)
    (isHot ?o - object)
    (isCool ?o - object)
    (isOn ?o - object)
    (isToggled ?o - object)
    (isSliced ?o - object)
    ; an action without an effect would not exist: those that only say something check something
    (checked ?thing - object)
  )

  ; Speaking.

  (:action help
    :parameters (?a - agent)
    :precondition ()
    :effect (checked ?a))

  (:action inventory
    :parameters (?a - agent)
    :precondition ()
    :effect (checked ?a))

  (:action look
    :parameters (?a - agent ?l - location)
    :precondition (atLocation ?a ?l)
    :effect (checked ?l))

  (:action examineReceptacle
    :parameters (?a - agent ?r - receptacle)
    :precondition
      (exists (?l - location) (and (atLocation ?a ?l) (receptacleAtLocation ?r ?l)))
    :effect (checked ?r))

  ; Only what is held: ALFWorld means to let one examine what is in reach too, but the variable of
  ; its condition is of a type misspelt by a comma, which nothing has.
  (:action examineObject
    :parameters (?a - agent ?o - object)
    :precondition (holds ?a ?o)
    :effect (checked ?o))

  ; Walking and opening.

  (:action GotoLocation
    :parameters (?a - agent ?lStart - location ?lEnd - location ?r - receptacle)
    :precondition (and (atLocation ?a ?lStart) (receptacleAtLocation ?r ?lEnd))
    :effect (and (not (atLocation ?a ?lStart)) (atLocation ?a ?lEnd)))

  (:action OpenObject
    :parameters (?a - agent ?l - location ?r - receptacle)
    :precondition
      (and (atLocation ?a ?l) (receptacleAtLocation ?r ?l) (openable ?r) (not (opened ?r)))
    :effect (and (opened ?r) (checked ?r)))

  (:action CloseObject
    :parameters (?a - agent ?l - location ?r - receptacle)
    :precondition
      (and (atLocation ?a ?l) (receptacleAtLocation ?r ?l) (openable ?r) (opened ?r))
    :effect (not (opened ?r)))

  ; Moving objects: one at a time.

  (:action PickupObject
    :parameters (?a - agent ?l - location ?o - object ?r - receptacle)
    :precondition
      (and
        (atLocation ?a ?l)
        (receptacleAtLocation ?r ?l)
        (or (opened ?r) (not (openable ?r)))
        (inReceptacle ?o ?r)
        (pickupable ?o)
        (not (holdsAny ?a)))
    :effect
      (and
        (holds ?a ?o)
        (holdsAny ?a)
        (not (inReceptacle ?o ?r))
        (not (objectAtLocation ?o ?l))))

  (:action PutObject
    :parameters
      (?a - agent ?l - location ?o - object ?r - receptacle ?ot - otype ?rt - rtype)
    :precondition
      (and
        (atLocation ?a ?l)
        (receptacleAtLocation ?r ?l)
        (or (opened ?r) (not (openable ?r)))
        (holds ?a ?o)
        (objectType ?o ?ot)
        (receptacleType ?r ?rt)
        (canContain ?rt ?ot))
    :effect
      (and
        (inReceptacle ?o ?r)
        (objectAtLocation ?o ?l)
        (not (holds ?a ?o))
        (not (holdsAny ?a))))

  ; Treating them. Standing at a closed fridge or microwave is enough.

  (:action CleanObject
    :parameters (?a - agent ?l - location ?r - receptacle ?o - object)
    :precondition
      (and
        (atLocation ?a ?l)
        (receptacleAtLocation ?r ?l)
        (receptacleType ?r SinkBasinType)
        (holds ?a ?o)
        (cleanable ?o))
    :effect (isClean ?o))

  (:action HeatObject
    :parameters (?a - agent ?l - location ?r - receptacle ?o - object)
    :precondition
      (and
        (atLocation ?a ?l)
        (receptacleAtLocation ?r ?l)
        (receptacleType ?r MicrowaveType)
        (holds ?a ?o)
        (heatable ?o))
    :effect (and (isHot ?o) (not (isCool ?o))))

  (:action CoolObject
    :parameters (?a - agent ?l - location ?r - receptacle ?o - object)
    :precondition
      (and
        (atLocation ?a ?l)
        (receptacleAtLocation ?r ?l)
        (receptacleType ?r FridgeType)
        (holds ?a ?o)
        (coolable ?o))
    :effect (and (isCool ?o) (not (isHot ?o))))

  (:action ToggleObject
    :parameters (?a - agent ?l - location ?o - object ?r - receptacle)
    :precondition
      (and
        (atLocation ?a ?l)
        (receptacleAtLocation ?r ?l)
        (inReceptacle ?o ?r)
        (toggleable ?o))
    :effect
      (and
        (when (isOn ?o) (not (isOn ?o)))
        (when (not (isOn ?o)) (isOn ?o))
        (isToggled ?o)))

  (:action SliceObject
    :parameters (?a - agent ?l - location ?co - object ?ko - object)
    :precondition
      (and
        (atLocation ?a ?l)
        (objectAtLocation ?co ?l)
        (sliceable ?co)
        (holds ?a ?ko)
        (or (objectType ?ko KnifeType) (objectType ?ko ButterKnifeType)))
    :effect (isSliced ?co))
)
