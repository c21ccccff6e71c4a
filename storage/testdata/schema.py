"""Makes Optuna's tables in databases, whose schemas a test then keeps.

    pip install optuna==5.0.0 psycopg2-binary pymysql
    python schema.py postgresql+psycopg2://user:password@host/db mysql+pymysql://…
    HPSEARCH_TEST_OPTUNA_URLS="postgresql://… mysql://…" go test ./storage -run TestServerSchemaIsOptunas
"""

import sys

import optuna

for url in sys.argv[1:]:
    optuna.storages.RDBStorage(url)
