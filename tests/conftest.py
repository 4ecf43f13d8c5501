import os

# Before torch is imported: several threads on two cores cost more than they give.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
# Programs that tests start do not import what happens to lie in the folder they are started in.
os.environ.setdefault("PYTHONSAFEPATH", "1")
