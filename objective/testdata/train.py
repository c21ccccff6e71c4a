import json
import os

params = json.loads(os.environ["HPSEARCH_PARAMS"])
loss = 1.0
for epoch in range(1, params["epochs"] + 1):
    loss *= 1 - params["learning_rate"]
    print(json.dumps({"step": epoch, "val_loss": loss}), flush=True)
print(json.dumps({"val_loss": loss}))
